import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { type InputOf, type OPERATIONS, type OutputOf, PAIRING, RoundhouseError } from '@roundhouse/contracts';
import { ownCoordinator } from './access.ts';
import type { Caller, Deps } from './deps.ts';

type Ops = typeof OPERATIONS;

/** How long a paired phone's token is good, ms: a month. */
const PAIRED_TOKEN_MS = 30 * 86_400_000;

// There are only a million PINs: each guess at a stored hash must cost so much that the PIN is over before it is found.
const derive = promisify<string, Buffer, number, Buffer>(scrypt);
const hashOf = async (pin: string, salt: string): Promise<Buffer> => derive(pin, Buffer.from(salt, 'hex'), 32);

export async function createPairing(
  deps: Deps,
  caller: Caller,
  { id: coordinatorId }: { id: string },
): Promise<OutputOf<Ops['createPairing']>> {
  await ownCoordinator(deps, caller, coordinatorId);
  const pin = String(randomInt(1_000_000)).padStart(6, '0');
  const salt = randomBytes(16).toString('hex');
  const hash = (await hashOf(pin, salt)).toString('hex');
  const expiresAt = new Date(Date.parse(deps.clock.now()) + PAIRING.ttlMs).toISOString();
  await deps.pairings.open(coordinatorId, { id: deps.clock.nextId(), salt, hash }, expiresAt);
  return { coordinatorId, pin, expiresAt };
}

export async function pair(
  deps: Deps,
  _caller: Caller,
  { pin, coordinatorId: named, label }: InputOf<Ops['pair']>,
): Promise<OutputOf<Ops['pair']>> {
  const coordinatorId = named ?? (await onlyOneOpen(deps));
  const tried = await deps.pairings.tryOnce(coordinatorId);
  if (tried === 'none') throw new RoundhouseError('pairing_not_open', 'no PIN is open');
  if (tried === 'locked') throw new RoundhouseError('pairing_locked', 'too many wrong PINs were tried');
  const { id, salt, hash, tries } = tried;
  if (!timingSafeEqual(await hashOf(pin, salt), Buffer.from(hash, 'hex'))) {
    throw new RoundhouseError('pin_wrong', 'the PIN is wrong', { triesLeft: PAIRING.tries - tries });
  }
  // Another phone may have had it meanwhile, or a new PIN may have taken its place.
  if (!(await deps.pairings.take(coordinatorId, id))) {
    throw new RoundhouseError('pairing_not_open', 'the PIN is used up');
  }
  const expiresAt = new Date(Date.parse(deps.clock.now()) + PAIRED_TOKEN_MS).toISOString();
  return await deps.tokens.issue({ role: 'paired', coordinatorId }, label, expiresAt);
}

async function onlyOneOpen({ pairings, clock }: Deps): Promise<string> {
  const [one, other] = await pairings.openFor(Date.parse(clock.now()));
  if (one === undefined) throw new RoundhouseError('pairing_not_open', 'no PIN is open');
  if (other === undefined) return one;
  throw new RoundhouseError('coordinator_required', 'PINs of several coordinators are open; coordinatorId says which');
}
