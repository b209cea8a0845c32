import type { RunningService } from '@roundhouse/host';
import { egressProxies } from './adapters/egress/egress-proxy.ts';
import { createResolver } from './adapters/egress/system-resolver.ts';
import { passThroughs } from './adapters/pass-through/pass-through.ts';
import type { RelayConfig } from './config.ts';
import { ConnectionBudget } from './domain/connection-budget.ts';
import type { Logger } from './logger.ts';
import { descriptorLimit } from './sockets/descriptor-limit.ts';
import { prepareDoorsFolder } from './sockets/doors-folder.ts';
import { openOwnDoor } from './sockets/own-door.ts';
import { doorOpener } from './sockets/slot-doors.ts';
import { SlotFolders } from './sockets/slot-folders.ts';

/** How long a stop lets connections end by themselves, milliseconds. */
const DRAIN_MS = 500;

/** Opens the doors of each slot that has a folder in `config.doors`; what sandboxes reach, they reach through these. */
export async function startRelay(config: RelayConfig, log: Logger): Promise<RunningService> {
  const { doors: folder, maxConnections: connections } = config;
  await prepareDoorsFolder(folder);
  const ways = {
    coordinator: passThroughs(config.coordinator, log),
    mcp: passThroughs(config.mcp, log),
    egress: egressProxies({ rules: config.egress, resolver: createResolver(), log }),
  };
  const budget = new ConnectionBudget({ connections, descriptors: await descriptorLimit() });
  if (budget.limit < connections) {
    log.warn({ connections: budget.limit, wanted: connections }, 'the descriptors of this process are few');
  }
  const open = doorOpener({ ways, budget, log });
  const own = await openOwnDoor(folder, open);
  try {
    const slots = await SlotFolders.keep({ folder, open, isSucceeded: () => own.isReplaced(), log });
    const stop = async (): Promise<void> => {
      await Promise.all([slots.close(DRAIN_MS), own.close(DRAIN_MS)]);
    };
    return { url: null, stop };
  } catch (error) {
    await own.close(0);
    throw error;
  }
}
