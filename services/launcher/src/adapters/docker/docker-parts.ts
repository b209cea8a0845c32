import type { Logger } from '@roundhouse/host';
import { SandboxesAwayError, type SlotStorage } from '../../ports.ts';
import type { SandboxUser } from './box-file.ts';
import type { Checkouts } from './checkouts.ts';
import type { Containers } from './containers.ts';
import type { Engine } from './engine.ts';
import type { EngineWatch } from './engine-watch.ts';
import type { HandleStore } from './handle-store.ts';
import type { SlotDoors } from './slot-doors.ts';

/** What runs containers. */
export interface DockerBase {
  readonly engine: Engine;
  readonly watch: EngineWatch;
  readonly containers: Containers;
  readonly handles: HandleStore;
  readonly storage: SlotStorage;
  readonly user: SandboxUser;
  /** The image of who names none. */
  readonly image: string;
  /** Which runner tree new sandboxes run from. */
  readonly tree: string;
  readonly doors: SlotDoors;
  readonly hasEgress: boolean;
  readonly log: Logger;
}

/** What the steps of a sandbox's life share. */
export interface DockerParts extends DockerBase {
  readonly checkouts: Checkouts;
}

/** Throws SandboxesAwayError where the engine is. */
export function needEngine({ watch }: DockerBase): void {
  const { readiness } = watch;
  if (!readiness.ready) throw new SandboxesAwayError(readiness.reason);
}
