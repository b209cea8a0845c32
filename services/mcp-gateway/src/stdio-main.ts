import { readStdioEnvironment } from './config.ts';
import { createLogger } from './logger.ts';
import { startStdio } from './stdio.ts';
import { readStdioOptions, UsageError } from './stdio-arguments.ts';

try {
  const environment = readStdioEnvironment();
  const options = readStdioOptions(process.argv.slice(2), environment);
  const { stop } = await startStdio(options, createLogger(environment.ROUNDHOUSE_LOG_LEVEL));
  const end = (): void => void stop().finally(() => process.exit(0));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  // The client owns this process: it ends with its standard input, at once, although kept-alive connections linger.
  process.stdin.once('end', end).once('close', end);
} catch (error) {
  const words = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ');
  process.stderr.write(`roundhouse-mcp: ${words}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}
