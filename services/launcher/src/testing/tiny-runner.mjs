// A real process in the place of the runner, for tests of the launcher alone; with `--config FILE`, or `--await SOCKET`
// and the hand-over protocol. What it does stands in its token's last word: "plain" lives until SIGTERM, "stubborn"
// ignores it and forks a child that ignores it too, "brief" exits at once, "idle" has no worktree; "save" and "refuse"
// are answers of the archive mode, "hang" never answers. An assignment is taken, but for "unwilling", which is refused,
// and "silent", which is never answered; "again" says `ready` again when its box has a file named "over", "swift" in one
// breath with `taken`.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';

const startId = randomUUID();
const modeOf = (path) => (statSync(path).mode & 0o777).toString(8);
const wordOf = (config) => config.token.split(' ').at(-1);

const [, , how, path] = process.argv;
if (how === '--await') awaitAttempt(path);
else {
  const config = JSON.parse(readFileSync(path, 'utf8'));
  const modes = { config: modeOf(path), folder: modeOf(config.folder) };
  rmSync(path);
  run(config, { modes });
}
setInterval(() => {}, 1_000);

function run(config, seen) {
  const { folder, taskId, attempt, mode } = config;
  const word = wordOf(config);
  const line = `${JSON.stringify({ taskId, attempt, mode, pid: process.pid })}\n`;
  try {
    appendFileSync(join(folder, '..', 'starts.log'), line);
  } catch {
    // In a container there is nothing to write beside the box.
  }
  if (mode === 'archive') {
    if (word === 'save') process.exit(0);
    if (word === 'refuse') process.exit(1);
    return;
  }
  const facts = { config, env: process.env, argv: process.argv, startId, seenAt: Date.now(), ...seen };
  writeFileSync(join(folder, 'seen.json'), JSON.stringify(facts));
  if (word === 'brief') process.exit(0);
  if (word !== 'idle') {
    mkdirSync(join(folder, 'worktree'), { recursive: true });
    writeFileSync(join(folder, 'worktree/work.txt'), 'work');
  }
  process.removeAllListeners('SIGTERM');
  if (word === 'stubborn') {
    for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => {});
    spawn('sh', ['-c', "trap '' TERM HUP; while :; do sleep 1; done"], { detached: true, stdio: 'ignore' }).unref();
  } else {
    process.on('SIGTERM', () => process.exit(4));
  }
  // In one step: a reader must not find it empty.
  writeFileSync(join(folder, 'up.new'), String(process.pid));
  renameSync(join(folder, 'up.new'), join(folder, 'up'));
}

function awaitAttempt(socketPath) {
  process.on('SIGTERM', () => process.exit(0));
  let isBusy = false;
  const server = createServer((socket) => {
    const say = (message) => socket.write(`${JSON.stringify(message)}\n`);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk;
      if (!text.endsWith('\n')) return;
      const { config, mark, again } = JSON.parse(text);
      text = '';
      isBusy = true;
      const word = wordOf(config);
      if (word === 'unwilling') return say({ type: 'refused', reason: 'the link was refused' });
      if (word === 'silent') return;
      const assignedAt = performance.timeOrigin + performance.now();
      run(config, { mark, again, assignedAt });
      if (word === 'swift' && again) {
        isBusy = false;
        const words = [{ type: 'taken' }, { type: 'ready', pid: process.pid }];
        return socket.write(words.map((message) => `${JSON.stringify(message)}\n`).join(''));
      }
      say({ type: 'taken' });
      if (!again) return;
      const look = () => {
        if (!existsSync(join(config.folder, 'over')) || !isBusy) return;
        watcher.close();
        isBusy = false;
        say({ type: 'ready', pid: process.pid });
      };
      const watcher = watch(config.folder, look);
      look();
    });
    if (isBusy) return;
    say({ type: 'ready', pid: process.pid });
    try {
      writeFileSync(join(dirname(socketPath), 'greeted'), '');
    } catch {
      // It has an attempt by now, and its folder another name.
    }
  });
  server.listen(socketPath, () => chmodSync(socketPath, 0o600));
}
