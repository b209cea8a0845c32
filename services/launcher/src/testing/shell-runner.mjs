// A real process in the place of the runner, for tests that look at a sandbox from inside: it takes its configuration and
// then runs the shell scripts that come over the Unix socket `shell.sock` of its box, one a connection, as its children.
import { spawn } from 'node:child_process';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const path = process.argv[3];
const config = JSON.parse(readFileSync(path, 'utf8'));
rmSync(path);
if (config.mode !== 'attempt') process.exit(1);

const server = createServer({ allowHalfOpen: true }, (socket) => {
  let script = '';
  socket.setEncoding('utf8');
  socket.on('error', () => {});
  socket.on('data', (chunk) => (script += chunk));
  socket.on('end', () => {
    // In the runner itself: what it may not have is then taken from it and not from a child.
    if (script === 'eat memory') {
      const eaten = [];
      for (;;) eaten.push(Buffer.alloc(16 * 1024 * 1024, 1));
    }
    const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    shell.on('error', (error) => socket.end(String(error)));
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk) => socket.write(chunk));
    shell.on('close', () => socket.end());
  });
});
server.listen(join(config.folder, 'shell.sock'), () => {
  writeFileSync(join(config.folder, 'up.new'), String(process.pid));
  renameSync(join(config.folder, 'up.new'), join(config.folder, 'up'));
});
process.on('SIGTERM', () => process.exit(4));
