import {
  ApiClient,
  type ClientInfo,
  type Identity,
  type Role,
  TOKEN_PATTERN,
  UnreachableError,
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
  /** Null while the coordinator cannot be reached: then the token's own words decide what is listed, never what is done. */
  readonly identity: Identity | null;
  /** Null where the role has no tools here. */
  readonly role: Role | null;
}

/** The role that a token's text claims, or null where it is no token at all. */
export function claimedRole(token: string): Identity['role'] | null {
  return (TOKEN_PATTERN.exec(token)?.[1] as Identity['role'] | undefined) ?? null;
}

/**
 * Asks the coordinator whose token this is.
 * @throws RoundhouseError `unauthenticated` where the token is unknown, expired or revoked.
 */
export async function identify(coordinatorUrl: string, given: Credentials, signal: AbortSignal): Promise<Caller> {
  try {
    const identity = await whoami(coordinatorUrl, given, signal);
    return { ...given, identity, role: withTools(identity.role) };
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const role = claimedRole(given.token);
    return { ...given, identity: null, role: role === null ? null : withTools(role) };
  }
}

export const whoami = (coordinatorUrl: string, given: Credentials, signal: AbortSignal): Promise<Identity> =>
  new ApiClient({ baseUrl: coordinatorUrl, ...given }).call('whoami', {}, { signal });

/** The coordinator to act for: the caller's own header as it came, else the one that its token is bound to. */
export function coordinatorIdOf(given: Credentials, identity: Identity): string | undefined {
  if (given.coordinatorId !== undefined) return given.coordinatorId;
  return identity.role === 'coordinator' ? identity.coordinatorId : undefined;
}

const withTools = (role: Role): Role | null => (hasTools(role) ? role : null);
