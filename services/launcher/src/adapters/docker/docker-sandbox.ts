import type { Logger } from '@roundhouse/host';
import type { Sandboxes, SlotStorage } from '../../ports.ts';
import { Archives } from './archive.ts';
import type { SandboxUser } from './box-file.ts';
import { Census } from './census.ts';
import { type CheckoutSource, Checkouts, type MakeCheckout } from './checkouts.ts';
import { DockerSandboxes } from './container-sandboxes.ts';
import { Containers } from './containers.ts';
import { EngineWatch } from './engine-watch.ts';
import { Engine } from './engine.ts';
import { HandleStore } from './handle-store.ts';
import { Images } from './images.ts';
import { OneShots } from './one-shot.ts';
import { checkoutMaker } from './prepare-checkout.ts';
import { treeName } from './runner-tree.ts';
import { SlotDoors } from './slot-doors.ts';
import { UsedContainers } from './used-containers.ts';
import { WarmContainers } from './warm-containers.ts';

export interface DockerSandboxOptions {
  /** Where the handles lie, in `handles`. The storage may have the same root. */
  readonly root: string;
  readonly socketPath: string;
  /** The image of attempts and projects that name none. */
  readonly image: string;
  /** See scripts/runner-tree.mjs. */
  readonly runnerTree: string;
  /** The folder in which the relay opens the doors of each slot; this launcher's alone. */
  readonly doors: string;
  /** Whether sandboxes get the door to the world. */
  readonly hasEgress: boolean;
  readonly storage: SlotStorage;
  /** Opens where prepared checkouts come from; what makes one of them is ours. */
  readonly checkouts: (make: MakeCheckout) => Promise<CheckoutSource>;
  /** The launcher's own variables; certificates.ts says which of them a sandbox gets. */
  readonly environment: Readonly<Record<string, string>>;
  /** Who runs in a sandbox: the owner of the boxes that the storage makes. */
  readonly user: SandboxUser;
  readonly log: Logger;
  /** Whether containers that were started warm are used again, as far as the storage can. */
  readonly recycle?: boolean;
  /** How long an archive run may take. */
  readonly archiveMs?: number;
}

const ARCHIVE_MS = 60_000;

/**
 * Opens them; the engine need not answer yet (`readiness` says so). Closes the source of the checkouts when it is closed,
 * not the storage. Throws words for a person where something of ours is missing.
 */
export async function openDockerSandboxes(options: DockerSandboxOptions): Promise<Sandboxes> {
  const { root, socketPath, storage, log } = options;
  const tree = await treeName(options.runnerTree);
  const doors = await SlotDoors.open(options.doors);
  const handles = await HandleStore.open(root);
  const engine = new Engine(socketPath);
  const containers = new Containers(engine, new Images(engine, log), { ...options, doors });
  const watch = new EngineWatch(engine);
  const base = { ...options, engine, watch, containers, handles, tree, doors };
  const oneShots = new OneShots();
  const source = await options.checkouts(checkoutMaker(oneShots, base));
  const parts = { ...base, checkouts: new Checkouts(storage, source, log) };
  const used = options.recycle === true && storage.canRenew ? new UsedContainers(log) : null;
  const warm = new WarmContainers(used);
  const census = new Census(parts, oneShots, warm);
  const archives = new Archives(oneShots, options.archiveMs ?? ARCHIVE_MS);
  const sandboxes = new DockerSandboxes(parts, { warm, census, archives, used });
  await watch.open(() => census.connected());
  return sandboxes;
}
