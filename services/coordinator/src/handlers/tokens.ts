import { type InputOf, type OPERATIONS, type OutputOf, RoundhouseError, type TokenInfo } from '@roundhouse/contracts';
import type { Caller, Deps } from './deps.ts';
import { byAge, pageOf } from './list-page.ts';

type Ops = typeof OPERATIONS;

export async function createToken(
  deps: Deps,
  _caller: Caller,
  input: InputOf<Ops['createToken']>,
): Promise<OutputOf<Ops['createToken']>> {
  const { role, coordinatorId, label, expiresInSeconds } = input;
  const expiresAt =
    expiresInSeconds === undefined
      ? null
      : new Date(Date.parse(deps.clock.now()) + expiresInSeconds * 1_000).toISOString();
  if (role !== 'coordinator') return await deps.tokens.issue({ role }, label, expiresAt);
  if (coordinatorId === undefined)
    throw new RoundhouseError('coordinator_required', 'coordinatorId says whose token it is');
  if ((await deps.registry.coordinator(coordinatorId)) === null) {
    throw new RoundhouseError('coordinator_not_found', `there is no coordinator ${coordinatorId}`);
  }
  return await deps.tokens.issue({ role, coordinatorId }, label, expiresAt);
}

export async function listTokens(
  deps: Deps,
  _caller: Caller,
  input: InputOf<Ops['listTokens']>,
): Promise<OutputOf<Ops['listTokens']>> {
  const { rows, nextCursor } = pageOf(await deps.tokens.list(), byAge, input);
  return { tokens: rows, nextCursor };
}

export async function revokeToken(deps: Deps, _caller: Caller, { id }: { id: string }): Promise<TokenInfo> {
  const revoked = await deps.tokens.revoke(id);
  if (revoked === null) throw new RoundhouseError('token_not_found', `there is no token ${id}`);
  return revoked;
}

export async function rotateToken(
  deps: Deps,
  _caller: Caller,
  { id, graceSeconds }: InputOf<Ops['rotateToken']>,
): Promise<OutputOf<Ops['rotateToken']>> {
  const previousUntil =
    graceSeconds === 0 ? null : new Date(Date.parse(deps.clock.now()) + graceSeconds * 1_000).toISOString();
  const rotated = await deps.tokens.rotate(id, previousUntil);
  switch (rotated) {
    case 'absent':
      throw new RoundhouseError('token_not_found', `there is no token ${id}`);
    case 'over':
      throw new RoundhouseError('token_over', `the token ${id} is revoked or has expired`);
    case 'in_file':
      throw new RoundhouseError('token_in_file', `the service takes the token ${id} from a file at each start`);
    default:
      return rotated;
  }
}
