// Starts the runner in FOLDER as one that waits for an attempt, and ends it when it is ready: by then it has gone through
// whole attempts. What V8 has compiled for them is written to OUT. The runner's own folder for all that is SCRATCH.
import { watch, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { openProgram } from './program.mjs';

const [, , folder = '', scratch = '', out = ''] = process.argv;
const socket = join(scratch, 'ready.sock');
process.argv = [process.execPath, folder, '--await', socket];

const { script, mark, run } = openProgram(folder, { withCode: false });
// The runner ends the process; functions that it has called are compiled by now, and are in the code.
process.on('exit', () => writeFileSync(out, Buffer.concat([Buffer.from(mark, 'latin1'), script.createCachedData()])));

const watcher = watch(scratch, (_, name) => {
  if (name !== 'ready.sock') return;
  watcher.close();
  // It speaks first, and says nothing but that it is ready.
  connect(socket).once('data', () => process.kill(process.pid, 'SIGTERM'));
});
run();
