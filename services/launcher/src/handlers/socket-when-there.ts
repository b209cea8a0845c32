import { once } from 'node:events';
import { watch } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** sun_path holds 108 bytes on Linux, the final NUL included (unix(7)); Node cuts longer ones without a word. */
export const MAX_SOCKET_PATH_BYTES = 107;
/** Between a server's bind and its listen. The system tells nobody of the latter, so it is tried again. */
const REFUSED_PAUSE_MS = 5;

/**
 * Connects to a Unix socket as soon as somebody listens there; its folder must be there already. Rejects with the
 * signal's reason, or where what lies there is no socket: the folder may be somebody's who would like us to speak to
 * another one, so a link is not followed.
 * @param how.refused what a socket means that nobody listens at: one that somebody is about to listen at, or one that was
 * left behind and will be replaced, because who listens there takes the name only afterwards
 */
export async function connectWhenThere(
  path: string,
  signal: AbortSignal,
  how: { readonly refused: 'soon' | 'replaced' } = { refused: 'soon' },
): Promise<Socket> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new Error(`the path of a Unix socket is limited to ${MAX_SOCKET_PATH_BYTES} bytes: ${path}`);
  }
  signal.throwIfAborted();
  const folder = watch(dirname(path));
  // Heard by `once` below, where it rejects; between two waits nobody else listens.
  folder.on('error', () => undefined);
  try {
    for (;;) {
      const changed = once(folder, 'change', { signal });
      changed.catch(() => undefined);
      const found = await tryConnect(path);
      if (signal.aborted && typeof found !== 'string') found.destroy();
      signal.throwIfAborted();
      if (typeof found !== 'string') return found;
      if (found === 'absent' || how.refused === 'replaced') await changed;
      else await delay(REFUSED_PAUSE_MS, undefined, { signal });
    }
  } catch (error) {
    throw signal.aborted ? (signal.reason as Error) : error;
  } finally {
    folder.close();
  }
}

async function tryConnect(path: string): Promise<Socket | 'absent' | 'refused'> {
  try {
    if (!(await lstat(path)).isSocket()) throw new Error(`${path} is no socket`);
    const socket = connect(path);
    await once(socket, 'connect');
    return socket;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return 'absent';
    if (code === 'ECONNREFUSED') return 'refused';
    throw error;
  }
}
