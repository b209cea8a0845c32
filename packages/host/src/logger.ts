/** What this package needs of a logger; a pino logger is one. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * Where services log, as pino's destination: standard error, written at once. Unsynchronised, pino flushes at exit, and
 * where the reader of the log is gone by then it tries for ever, so a process that was told to end never ends.
 */
export const LOG_DESTINATION = { dest: 2, sync: true } as const;
