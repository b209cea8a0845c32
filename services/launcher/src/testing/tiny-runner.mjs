// A real process in the place of the runner, for tests of the launcher alone. What it does stands in its token's last
// word: "plain" lives until SIGTERM, "stubborn" ignores it and forks a child that ignores it too, "brief" exits at once,
// "save" and "refuse" are answers of the archive mode, "hang" never answers.
import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const file = process.argv[3];
const config = JSON.parse(readFileSync(file, 'utf8'));
const modes = {
  config: (statSync(file).mode & 0o777).toString(8),
  folder: (statSync(config.folder).mode & 0o777).toString(8),
};
rmSync(file);
const word = config.token.split(' ').at(-1);
const { folder, taskId, attempt, mode } = config;
appendFileSync(join(folder, '..', 'starts.log'), `${JSON.stringify({ taskId, attempt, mode, pid: process.pid })}\n`);

if (mode === 'archive') {
  if (word === 'save') process.exit(0);
  if (word === 'refuse') process.exit(1);
} else {
  writeFileSync(join(folder, 'seen.json'), JSON.stringify({ config, env: process.env, argv: process.argv, modes }));
  if (word === 'brief') process.exit(0);
  if (word !== 'idle') {
    mkdirSync(join(folder, 'worktree'));
    writeFileSync(join(folder, 'worktree/work.txt'), 'work');
  }
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
setInterval(() => {}, 1_000);
