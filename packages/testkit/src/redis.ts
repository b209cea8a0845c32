import { startRedis } from '@roundhouse/host';
import { temporaryFolder } from './temporary-folder.ts';

export interface TestRedis {
  /** The path of its Unix socket. */
  readonly connection: string;
  readonly pid: number;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A real Redis of this test's own, with its data in a temporary folder. */
export async function startTestRedis(): Promise<TestRedis> {
  const folder = await temporaryFolder();
  try {
    const { connection, pid, stop } = await startRedis({ folder: folder.path, log: silent });
    return {
      connection,
      pid,
      stop: async () => {
        await stop();
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}
