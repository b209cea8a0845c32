import { dirname, join } from 'node:path';
import type { SandboxLimits } from '@roundhouse/contracts';
import { type SandboxUser, isThere } from './box-file.ts';
import { type World, worldOf } from './certificates.ts';
import { type Bind, INSIDE, containerSpec } from './container-spec.ts';
import type { Engine } from './engine.ts';
import { type ToEnginePath, toEnginePath } from './host-paths.ts';
import type { Images } from './images.ts';
import { type ContainerKind, LABEL, composeLabels, installOf } from './names.ts';
import { ownContainerId } from './self.ts';
import type { SlotDoors } from './slot-doors.ts';

export interface ContainerPlace {
  readonly root: string;
  readonly runnerTree: string;
  readonly doors: SlotDoors;
  readonly hasEgress: boolean;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: SandboxUser;
}

export interface ContainerPlan {
  readonly kind: ContainerKind;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly mark: string;
  readonly image: string;
  readonly limits: SandboxLimits;
  readonly argv: readonly string[];
  /** As the launcher sees it. */
  readonly box: string;
  readonly seesMounts: boolean;
  readonly isDiskHeld: boolean;
  /** The hub's objects folder as the launcher sees it, where the sandbox is to read it. */
  readonly hubObjects: string | null;
  /** The slot whose doors it sees; null: it has no way out. */
  readonly doorsOf: string | null;
}

/** What is known of the engine's host once it has answered. */
interface Surroundings {
  readonly toEngine: ToEnginePath;
  readonly install: string;
  readonly own: Readonly<Record<string, string>>;
  readonly cpus: number;
  readonly world: World;
}

/** Makes containers of plans. */
export class Containers {
  readonly #engine: Engine;
  readonly #images: Images;
  readonly #place: ContainerPlace;
  #surroundings: Surroundings | null = null;

  constructor(engine: Engine, images: Images, place: ContainerPlace) {
    this.#engine = engine;
    this.#images = images;
    this.#place = place;
  }

  /** Asks the engine who we are to it; once is enough. Throws words for a person where it cannot work here. */
  async look(): Promise<void> {
    this.#surroundings ??= await this.#lookAround();
  }

  /** What each container of this installation carries: `name=value`. */
  get label(): string {
    return `${LABEL.install}=${this.#known().install}`;
  }

  /** Throws words for a person where it is not there and cannot be had. */
  async haveImage(image: string): Promise<void> {
    await this.#images.have(image);
  }

  /** Creates a container; it does not run yet. What an earlier try left under its name is replaced. */
  async create(plan: ContainerPlan): Promise<string> {
    const { toEngine, install, own, cpus, world } = this.#known();
    const { runnerTree, doors, user } = this.#place;
    const imageFacts = await this.#images.have(plan.image);
    if (plan.doorsOf !== null) await doors.make(plan.doorsOf);
    const readOnly: Bind[] = [
      { source: toEngine(runnerTree), target: INSIDE.tree },
      ...(plan.hubObjects === null ? [] : await hubBinds(plan.hubObjects, toEngine)),
      ...(plan.doorsOf === null
        ? []
        : [{ source: toEngine(doors.pathOf(plan.doorsOf)), target: INSIDE.doors }, ...world.binds]),
    ];
    const options = containerSpec({
      ...plan,
      imageFacts,
      user,
      readOnly,
      engineCpus: cpus,
      box: toEngine(plan.box),
      environment: plan.doorsOf === null ? {} : world.environment,
      labels: { ...composeLabels(own), ...plan.labels, [LABEL.install]: install, [LABEL.kind]: plan.kind },
    });
    const first = await this.#engine.create(plan.name, options);
    if (first === 'taken') await this.#makeWay(plan.name, install);
    const made = first === 'taken' ? await this.#engine.create(plan.name, options) : first;
    if (made === 'no_image') throw new Error(`the image ${plan.image} has just been removed`);
    if (made === 'taken') throw new Error(`another container took the name ${plan.name}`);
    return made.id;
  }

  /** The id of the container of a slot that is not an archive run's, or null. */
  async ofSlot(slot: string): Promise<string | null> {
    const rows = await this.#engine.list([this.label, `${LABEL.slot}=${slot}`]);
    return rows.find(({ labels }) => labels[LABEL.run] === undefined)?.id ?? null;
  }

  /** Ends and removes every container of a slot, and then its doors. */
  async removeOf(slot: string): Promise<void> {
    const rows = await this.#engine.list([this.label, `${LABEL.slot}=${slot}`]);
    await Promise.all(rows.map(({ id }) => this.#engine.remove(id)));
    await this.#place.doors.remove(slot);
  }

  /** A name is free again, unless somebody else's container has it. */
  async #makeWay(name: string, install: string): Promise<void> {
    const found = await this.#engine.inspect(name);
    if (found === null) return;
    if (found.labels[LABEL.install] !== install) throw new Error(`a container that is not ours is called ${name}`);
    await this.#engine.remove(found.id);
  }

  #known(): Surroundings {
    if (this.#surroundings === null) throw new Error('the Docker engine has not answered yet');
    return this.#surroundings;
  }

  async #lookAround(): Promise<Surroundings> {
    const { root, runnerTree, doors, environment, hasEgress } = this.#place;
    const id = await ownContainerId();
    // A container of another engine has no mounts of this one: then we share its paths.
    const self = id === null ? null : await this.#engine.inspect(id);
    const toEngine = toEnginePath(self?.mounts ?? null);
    for (const path of [root, runnerTree, doors.folder]) toEngine(path);
    const cpus = await this.#engine.cpus();
    const world = await worldOf(environment, hasEgress, toEngine);
    return { toEngine, install: installOf(toEngine(root)), own: self?.labels ?? {}, cpus, world };
  }
}

async function hubBinds(hubObjects: string, toEngine: ToEnginePath): Promise<Bind[]> {
  const shallow = join(dirname(hubObjects), 'shallow');
  const objects = { source: toEngine(hubObjects), target: INSIDE.hubObjects };
  return (await isThere(shallow)) ? [objects, { source: toEngine(shallow), target: INSIDE.shallow }] : [objects];
}
