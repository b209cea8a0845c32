import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * One address before several: each new connection goes to the next of them, whoever it is from.
 *
 * @param {readonly string[]} urls
 */
export async function startRoundRobin(urls) {
  const counts = urls.map(() => 0);
  let next = 0;
  /** @type {Set<import('node:net').Socket>} */
  const open = new Set();
  /** What one says the other hears; where one ends, both do. @param {import('node:net').Socket} socket @param {import('node:net').Socket} other */
  const join = (socket, other) => {
    open.add(socket);
    socket.setNoDelay(true);
    socket.pipe(other);
    socket.once('error', () => other.destroy());
    socket.once('close', () => {
      open.delete(socket);
      other.destroy();
    });
  };
  const server = createServer((client) => {
    const index = next % urls.length;
    next += 1;
    counts[index] = (counts[index] ?? 0) + 1;
    const { hostname, port } = new URL(urls[index] ?? '');
    const served = connect(Number(port), hostname);
    join(client, served);
    join(served, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    /** How many connections each of them got. */
    counts,
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
