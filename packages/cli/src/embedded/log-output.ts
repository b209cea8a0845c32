import { open, readFile, rename, stat } from 'node:fs/promises';
import { oneLine } from '../output.ts';

/** An older log is put aside when it has grown beyond this; one older one is kept. */
const MAX_LOG_BYTES = 16 * 1024 * 1024;

/** Where the services write what they do. */
export interface ServiceLog {
  readonly fd: number;
  /** The file, or null where it is standard error. */
  readonly path: string | null;
  /** The last line of the file, in words for a person; null where it is standard error: there it has been seen. */
  lastWords(): Promise<string | null>;
  close(): Promise<void>;
}

/** Standard error as the log: for scripts, which keep it. */
export const standardErrorLog: ServiceLog = {
  fd: 2,
  path: null,
  lastWords: () => Promise.resolve(null),
  close: () => Promise.resolve(),
};

/** Opens a log to append to, for child processes to write to directly: what they say outlives this process. */
export async function openLog(path: string): Promise<ServiceLog> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size > MAX_LOG_BYTES) await rename(path, `${path}.1`);
  const file = await open(path, 'a', 0o600);
  return {
    fd: file.fd,
    path,
    lastWords: async () => oneLine((await readFile(path, 'utf8')).trimEnd().split('\n').at(-1) ?? '').slice(0, 500),
    close: () => file.close(),
  };
}
