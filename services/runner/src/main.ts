import { runOrder } from './app.ts';
import { type Config, readConfig } from './config.ts';
import { endTreeOf } from './end-tree.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { createLogger } from './logger.ts';
import { serveHandOver } from './serve-hand-over.ts';

const terminated = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => terminated.abort());
// Whoever started it may hang up; the attempt goes on.
process.on('SIGHUP', () => undefined);

async function run(config: Config): Promise<ExitCode> {
  if ('socket' in config) {
    const log = createLogger(config.logLevel, {});
    return serveHandOver(config.socket, config, log, terminated.signal);
  }
  const order = config.run;
  // It runs nothing but git, and what it says is for whoever waits for its end.
  if (order.mode === 'prepare') return runOrder(order, config, createLogger(config.logLevel, {}), terminated.signal);
  const { taskId, attempt, mode } = order;
  const log = createLogger(config.logLevel, { taskId, attempt, mode });
  try {
    return await runOrder(order, config, log, terminated.signal);
  } catch (error) {
    log.error({ err: error }, 'the runner failed');
    // Whatever went wrong: an agent without a runner is nobody's.
    await endTreeOf(order, [config.mark])([]);
    return EXIT.failed;
  }
}

/** All that this process does; ends it. No `await` stands outside of a function here: the bundle is a script. */
async function main(): Promise<void> {
  try {
    process.exitCode = await run(await readConfig(process.argv.slice(2), process.env));
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    process.stderr.write(`roundhouse runner: ${words.trim().replace(/\s*\n\s*/g, '; ')}\n`);
    process.exitCode = EXIT.failed;
  }
  // Everything that was begun has ended or is of no interest any more: nothing may keep the process (and its slot) alive.
  process.exit();
}

// Should it ever come to an end without having got there.
process.exitCode = EXIT.failed;
void main();
