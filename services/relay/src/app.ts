import type { Server } from 'node:net';
import type { RunningService } from '@roundhouse/host';
import { createEgressProxy } from './adapters/egress/egress-proxy.ts';
import { createResolver } from './adapters/egress/system-resolver.ts';
import { createPassThrough } from './adapters/pass-through/pass-through.ts';
import type { RelayConfig } from './config.ts';
import type { Logger } from './logger.ts';
import { type OpenDoor, openDoor } from './sockets/door.ts';
import { prepareDoorsFolder } from './sockets/doors-folder.ts';

interface Door {
  readonly name: string;
  /**
   * Each door has its own bound, so that a flood at one closes no other; together they are the 4,096 connections that
   * the relay holds at most, with two descriptors each.
   */
  readonly maxConnections: number;
  readonly server: Server;
}

/** Opens the doors of `config.doors`; what sandboxes reach, they reach through these. */
export async function startRelay(config: RelayConfig, log: Logger): Promise<RunningService> {
  await prepareDoorsFolder(config.doors);
  const egress = createEgressProxy({ rules: config.egress, resolve: createResolver(), log });
  const doors: readonly Door[] = [
    { name: 'coordinator.sock', maxConnections: 2_048, server: createPassThrough(config.coordinator, log) },
    { name: 'mcp.sock', maxConnections: 1_024, server: createPassThrough(config.mcp, log) },
    { name: 'egress.sock', maxConnections: 1_024, server: egress },
  ];
  const open: OpenDoor[] = [];
  const closeAll = async (): Promise<void> => {
    await Promise.all(open.splice(0).map((door) => door.close()));
  };
  try {
    for (const { name, maxConnections, server } of doors) {
      open.push(await openDoor(server, { folder: config.doors, name, maxConnections, log }));
    }
  } catch (error) {
    await closeAll();
    throw error;
  }
  return { url: null, stop: closeAll };
}
