import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { DOORS } from '@roundhouse/contracts';
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

/** The slot that a test's relay finds when it starts. */
export const SLOT = '0123456789ab';

export interface DoorPaths {
  readonly coordinator: string;
  readonly mcp: string;
  readonly egress: string;
}

/** Where the sockets of a slot lie. */
export const doorsOf = (folder: string, slot: string = SLOT): DoorPaths => ({
  coordinator: join(folder, slot, DOORS.coordinator.socket),
  mcp: join(folder, slot, DOORS.mcp.socket),
  egress: join(folder, slot, DOORS.egress.socket),
});

/** A relay, and the doors of SLOT. */
export interface RunningRelay extends DoorPaths {
  readonly folder: string;
  readonly lines: readonly Record<string, unknown>[];
  stop(): Promise<void>;
}

export interface RelayWish {
  readonly coordinatorPort?: number;
  readonly mcpPort?: number;
  readonly allow?: string;
  readonly maxConnections?: number;
  /** Else the folder of SLOT is made. */
  readonly slots?: 'none';
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
    ...(wish.maxConnections === undefined ? {} : { ROUNDHOUSE_RELAY_CONNECTIONS: String(wish.maxConnections) }),
  });
  if (wish.slots !== 'none') await mkdir(join(folder, SLOT), { recursive: true });
  const service = await startRelay(config, log);
  return {
    folder,
    ...doorsOf(folder),
    lines,
    stop: async () => {
      await service.stop();
      await own?.remove();
    },
  };
}
