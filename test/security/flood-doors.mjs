// Run in a sandbox by its agent: takes every connection that it can get at each door, never lets go of one, and tries
// again and again. Prints what it holds and how often it has tried: `held coordinator=128 mcp=256 egress=256 of 9000`.
import { connect } from 'node:net';

const FOLDER = '/run/roundhouse';
const AT_ONCE = 32;
const HELD_MS = 500;
const doors = ['coordinator', 'mcp', 'egress'].map((name) => ({ name, held: new Set(), tries: 0 }));

/** @param {{ name: string, held: Set<import('node:net').Socket>, tries: number }} door */
function dial(door) {
  door.tries += 1;
  const socket = connect(`${FOLDER}/${door.name}.sock`);
  /** @type {NodeJS.Timeout | undefined} */
  let counted;
  socket.once('connect', () => {
    // Half of a request: whoever serves it has to wait for the rest.
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    // The system connects whoever finds room to wait at a door; one that is turned away there is soon closed.
    counted = setTimeout(() => {
      door.held.add(socket);
      dial(door);
    }, HELD_MS);
  });
  socket.on('error', () => {});
  socket.once('close', () => {
    clearTimeout(counted);
    if (!door.held.delete(socket)) setTimeout(dial, 5, door);
  });
}
for (const door of doors) for (let count = 0; count < AT_ONCE; count += 1) dial(door);

const say = () => {
  const held = doors.map(({ name, held: { size } }) => `${name}=${size}`).join(' ');
  process.stdout.write(`held ${held} of ${doors.reduce((sum, { tries }) => sum + tries, 0)}\n`);
};
setInterval(say, 500);
