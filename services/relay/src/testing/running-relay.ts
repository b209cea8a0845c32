import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type TemporaryFolder, temporaryFolder } from '@roundhouse/testkit';
import { pino } from 'pino';
import { startRelay } from '../app.ts';
import { readConfig } from '../config.ts';
import type { Logger } from '../logger.ts';

/** A log that a test can read. */
export function recordingLog(): { log: Logger; lines: Record<string, unknown>[] } {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  return { log: pino({ level: 'debug' }, stream), lines };
}

export interface RunningRelay {
  readonly folder: string;
  readonly coordinator: string;
  readonly mcp: string;
  readonly egress: string;
  readonly lines: readonly Record<string, unknown>[];
  stop(): Promise<void>;
}

export interface RelayWish {
  readonly coordinatorPort?: number;
  readonly mcpPort?: number;
  readonly allow?: string;
  /** Of another relay; else one of its own, removed at its stop. */
  readonly folder?: string;
}

/** A relay of this process, configured through its environment as ever. */
export async function startTestRelay(wish: RelayWish): Promise<RunningRelay> {
  const own: TemporaryFolder | null = wish.folder === undefined ? await temporaryFolder() : null;
  const folder = wish.folder ?? join(own?.path ?? '', 'doors');
  const { log, lines } = recordingLog();
  const config = readConfig({
    ROUNDHOUSE_DOORS: folder,
    ROUNDHOUSE_COORDINATOR_URL: `http://127.0.0.1:${wish.coordinatorPort ?? 1}`,
    ROUNDHOUSE_MCP_URL: `http://127.0.0.1:${wish.mcpPort ?? 1}/mcp`,
    ROUNDHOUSE_EGRESS_ALLOW: wish.allow ?? '',
  });
  const service = await startRelay(config, log);
  return {
    folder,
    coordinator: join(folder, 'coordinator.sock'),
    mcp: join(folder, 'mcp.sock'),
    egress: join(folder, 'egress.sock'),
    lines,
    stop: async () => {
      await service.stop();
      await own?.remove();
    },
  };
}
