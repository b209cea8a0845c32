import { resolve } from 'node:path';
import { ApiClient } from '@roundhouse/contracts';
import type { ConnectedService } from '../connect.ts';
import type { Context } from '../context.ts';
import { dataPaths } from '../data-folder.ts';
import { EXIT, Failure } from '../failure.ts';
import { currentEntry, readState } from '../state-files.ts';

export interface CoordinatorAccess {
  readonly coordinatorId: string;
  readonly token: string;
  /** The token's id where it was made for this; null where it was there before. */
  readonly tokenId: string | null;
}

/**
 * A token that a client may act with as a coordinator: the given one, where it is one; that of the last `roundhouse up`; else a
 * new one of the coordinator that is named.
 * @throws Failure where no coordinator is to be found
 */
export async function coordinatorAccess(
  { cwd }: Context,
  options: { readonly data: string; readonly coordinator?: string; readonly client: string },
  service: ConnectedService,
): Promise<CoordinatorAccess> {
  const client = new ApiClient(service);
  const { coordinator } = options;
  const identity = await client.call('whoami', {});
  if (identity.role === 'coordinator' && (coordinator ?? identity.coordinatorId) === identity.coordinatorId)
    return { coordinatorId: identity.coordinatorId, token: service.token, tokenId: null };
  const entry = currentEntry(await readState(dataPaths(resolve(cwd, options.data))));
  if (entry !== undefined && (coordinator ?? entry.coordinator.id) === entry.coordinator.id)
    return { coordinatorId: entry.coordinator.id, token: entry.coordinator.token, tokenId: null };
  if (coordinator === undefined) {
    const hint = 'Name one with --coordinator ID; "roundhouse coordinator ls" shows which there are.';
    throw new Failure('it is not known for which coordinator', { hint, exitCode: EXIT.usage });
  }
  const label = `mcp config for ${options.client}`;
  const made = await client.call('createToken', { role: 'coordinator', coordinatorId: coordinator, label });
  return { coordinatorId: coordinator, token: made.token, tokenId: made.info.id };
}
