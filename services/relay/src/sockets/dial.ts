import { once } from 'node:events';
import { connect, type LookupFunction, type Socket, isIP } from 'node:net';

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** How long a connection may take to be made, milliseconds. */
const DIAL_MS = 10_000;
/** How long one of several addresses may take before the next is tried beside it, milliseconds. */
const NEXT_ADDRESS_MS = 1_000;
/** When an idle connection is first asked whether its other end lives, milliseconds. */
const KEEP_ALIVE_MS = 30_000;

export class DialTimeoutError extends Error {
  override readonly name = 'DialTimeoutError';
}

/**
 * Connects within 10 s. Where `addresses` are given, to one of those and to nothing else, whatever the name resolves to
 * by now. Rejects with the system's error, DialTimeoutError, or an AbortError. What it answers has no error listener yet.
 */
export async function dial(
  { host, port, addresses }: TcpAddress & { readonly addresses?: readonly string[] },
  signal: AbortSignal,
): Promise<Socket> {
  signal.throwIfAborted();
  const [only] = addresses ?? [];
  const socket = connect({
    host: addresses?.length === 1 && only !== undefined ? only : host,
    port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
    ...(addresses === undefined ? {} : { lookup: answering(addresses) }),
  });
  const late = setTimeout(() => socket.destroy(new DialTimeoutError(`no connection within ${DIAL_MS} ms`)), DIAL_MS);
  const abandon = (): void => {
    socket.destroy(new DOMException('nobody waits for the connection', 'AbortError'));
  };
  signal.addEventListener('abort', abandon, { once: true });
  try {
    await once(socket, 'connect');
    return socket;
  } finally {
    clearTimeout(late);
    signal.removeEventListener('abort', abandon);
  }
}

/** Stands where the system's resolver would: a name is resolved once, before it was judged. */
const answering =
  (addresses: readonly string[]): LookupFunction =>
  (_host, options, answer) => {
    const found = addresses.map((address) => ({ address, family: isIP(address) }));
    if (options.all === true) answer(null, found);
    else answer(null, found[0]?.address ?? '', found[0]?.family);
  };
