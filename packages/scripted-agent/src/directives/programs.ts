import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Bench, type Directive, numberIn } from '../directive.ts';
import { runProgram } from '../run-program.ts';
import { splitArguments } from '../split-arguments.ts';

const MAX_ORPHAN_MS = 3_600_000;
const SIGNALS = ['TERM', 'HUP', 'INT', 'QUIT', 'USR1', 'USR2'];

async function runAll(bench: Bench, argv: readonly string[]): Promise<number> {
  bench.screen.line(`$ ${argv.join(' ')}`, 'cyan');
  return runProgram(argv, bench.screen, bench.signal);
}

async function mustRun(bench: Bench, argv: readonly string[]): Promise<void> {
  const code = await runAll(bench, argv);
  if (code !== 0) throw new Error(`${argv[0]} ended with code ${code}`);
}

export const run: Directive = (bench, rest) => mustRun(bench, splitArguments(rest));

export const attempt: Directive = async (bench, rest) => {
  const code = await runAll(bench, splitArguments(rest));
  bench.screen.line(`exit code ${code}`, 'dim');
};

export const commit: Directive = async (bench, rest) => {
  if (rest.trim() === '') throw new Error('the message is missing');
  await mustRun(bench, ['git', 'add', '--all']);
  await mustRun(bench, ['git', 'commit', '--message', rest.trim()]);
};

export const exit: Directive = (bench, rest) => {
  const code = rest.trim() === '' ? 0 : numberIn(rest, 'the exit code', 255);
  bench.screen.line(`exit ${code}`, 'dim');
  process.exit(code);
};

export const crash: Directive = () => {
  process.kill(process.pid, 'SIGKILL');
};

export const ignore: Directive = (bench, rest) => {
  const names = splitArguments(rest);
  for (const name of names) {
    if (!SIGNALS.includes(name)) throw new Error(`it is one of ${SIGNALS.join(', ')}`);
    process.on(`SIG${name}` as NodeJS.Signals, () => undefined);
  }
  bench.screen.line(`ignoring ${names.join(', ')}`, 'dim');
};

/** Twice forked, in a session of its own, deaf to what ends others: what a task must not leave behind. */
export const orphan: Directive = async (bench, rest) => {
  const ms = numberIn(rest, 'the time in milliseconds', MAX_ORPHAN_MS);
  const survivor = `for (const s of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(s, () => {}); setTimeout(() => {}, ${ms});`;
  const middle = `const c = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(survivor)}],
    { detached: true, stdio: 'ignore' }); c.unref(); process.stdout.write(String(c.pid));`;
  const child = spawn(process.execPath, ['-e', middle], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const parts: Buffer[] = [];
  child.stdout.on('data', (data: Buffer) => parts.push(data));
  await once(child, 'close');
  bench.screen.line(`orphan ${Buffer.concat(parts).toString('utf8')}`, 'yellow');
};
