import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The beginning of the names of all folders that tests of this process make; the leak check looks for it. */
export const temporaryPrefix = (): string => `rh-test-${process.pid}-`;

export interface TemporaryFolder {
  /** Absolute, without symbolic links, short enough for a Unix socket below it. */
  readonly path: string;
  remove(): Promise<void>;
}

/** Makes an empty folder that the test removes; one that is left over fails the test (see leak-check). */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(await realpath(tmpdir()), temporaryPrefix()));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}
