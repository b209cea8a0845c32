import {
  ApiClient,
  type ClientInfo,
  type Identity,
  type Role,
  SELF,
  TOKEN_PATTERN,
  type Transport,
} from '@roundhouse/contracts';
import { hasTools } from './tools.ts';

/** What one caller brought along. The gateway keeps none of it longer than the request (stdio: the process). */
export interface Credentials {
  readonly token: string;
  /** The caller's own X-Coordinator-Id, as it came. */
  readonly coordinatorId?: string | undefined;
  readonly doneToken?: string | undefined;
  /** By which program it calls, as far as it has said so. */
  readonly client: ClientInfo;
}

export interface Caller extends Credentials {
  /** By the token's own words, which hold where the token does; null where that role has no tools here. */
  readonly role: Role | null;
  readonly transport: Transport;
}

/** The role that a token's text claims, or null where it is no token at all. The coordinator refuses one that claims another's. */
export function claimedRole(token: string): Identity['role'] | null {
  return (TOKEN_PATTERN.exec(token)?.[1] as Identity['role'] | undefined) ?? null;
}

export function callerOf(given: Credentials, transport: Transport): Caller {
  const role = claimedRole(given.token);
  return { ...given, role: role !== null && hasTools(role) ? role : null, transport };
}

/**
 * Asks the coordinator whose token this is.
 * @throws RoundhouseError `unauthenticated` where the token is unknown, expired or revoked; UnreachableError
 */
export const whoami = (
  coordinatorUrl: string,
  given: Credentials,
  transport: Transport,
  signal: AbortSignal,
): Promise<Identity> => new ApiClient({ baseUrl: coordinatorUrl, ...given, transport }).call('whoami', {}, { signal });

/** The coordinator to act for: the caller's own header as it came, else the one that its token is bound to. */
export const coordinatorIdOf = ({ coordinatorId, role }: Caller): string | undefined =>
  coordinatorId ?? (role === 'coordinator' ? SELF : undefined);

/** The API as the caller itself. */
export const apiClient = (baseUrl: string, caller: Caller): ApiClient => {
  const { token, doneToken, client, transport } = caller;
  return new ApiClient({ baseUrl, token, coordinatorId: coordinatorIdOf(caller), doneToken, client, transport });
};
