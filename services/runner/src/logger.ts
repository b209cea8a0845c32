import { LOG_DESTINATION } from '@roundhouse/host';
import pino from 'pino';

const CAP_BYTES = 4 * 1024 * 1024;

/** The log on standard error, at most 4 MiB of it: it goes to a file beside the worktree that nobody rotates. */
export function createLogger(level: string, bindings: Record<string, unknown>): pino.Logger {
  const destination = pino.destination(LOG_DESTINATION);
  let written = 0;
  return pino(
    { level, base: bindings },
    {
      write: (line: string) => {
        if (written > CAP_BYTES) return;
        written += line.length;
        destination.write(
          written > CAP_BYTES ? '{"level":40,"msg":"the log is full; nothing more is written"}\n' : line,
        );
      },
    },
  );
}
