import { randomUUID } from 'node:crypto';
import { readFile, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { AttemptRef, Sandboxes, StartOrder } from '../ports.ts';
import { PROFILE } from './coordinator-double.ts';
import { DockerPlace } from './docker-place.ts';
import { eventually } from './eventually.ts';
import { RememberingLog } from './remembering-log.ts';
import { newOrder } from './sandboxes-suite.ts';

const NEVER = new AbortController().signal;
const MIB = 1_048_576;

/** A profile with a small disk. */
export const SMALL = { ...PROFILE, limits: { ...PROFILE.limits, diskMb: 64 } };

/** A place whose containers are used again, with tiny-runner.mjs in them. */
export class RecyclingPlace {
  readonly place: DockerPlace;
  readonly log = new RememberingLog();
  readonly #idle: AttemptRef[] = [];
  #sandboxes: Sandboxes | null = null;

  private constructor(place: DockerPlace) {
    this.place = place;
  }

  static async make(): Promise<RecyclingPlace> {
    return new RecyclingPlace(await DockerPlace.make());
  }

  get sandboxes(): Sandboxes {
    if (this.#sandboxes === null) throw new Error('it is not open');
    return this.#sandboxes;
  }

  async open(options: Parameters<DockerPlace['open']>[0] = {}): Promise<void> {
    this.#sandboxes = await this.place.open({ recycle: true, log: this.log, ...options });
    await this.sandboxes.recover();
    this.sandboxes.onIdle((ref) => this.#idle.push(ref));
  }

  /** Starts one ahead; answers its id. */
  async warm(profile = SMALL): Promise<string> {
    const warmId = randomUUID();
    await this.sandboxes.startWarm({ warmId, profile }, NEVER);
    return warmId;
  }

  assign(warmId: string, order: StartOrder): Promise<'taken' | 'refused'> {
    return this.sandboxes.assign(warmId, order, NEVER);
  }

  /** Hands an attempt to a warm container; resolves when that is over. */
  async serve(warmId: string, order: StartOrder, leaveTraces = (): Promise<void> => Promise.resolve()): Promise<void> {
    expect(await this.assign(warmId, order)).toBe('taken');
    await this.isUp(order);
    await leaveTraces();
    await writeFile(this.at(order, 'over'), '');
    await eventually(() => this.#idle.some(({ taskId }) => taskId === order.taskId), 'it says that it is idle');
  }

  /** Has its container used again; answers the new warm id. */
  async recycled(order: StartOrder): Promise<string> {
    const warmId = await this.sandboxes.recycle(order);
    if (warmId === null) throw new Error(`it was not used again: ${JSON.stringify(this.log.lines)}`);
    await this.sandboxes.discard(order);
    return warmId;
  }

  at(order: StartOrder, name: string): string {
    return join(this.place.boxOf(order), name);
  }

  isUp(order: StartOrder): Promise<unknown> {
    return eventually(() => readFile(this.at(order, 'up')).catch(() => null), 'it is up');
  }

  async ids(): Promise<string[]> {
    return (await this.place.containers()).map(({ Id }) => Id);
  }

  async freeMb(order: StartOrder): Promise<number> {
    const { bavail, bsize } = await statfs(this.place.boxOf(order));
    return (bavail * bsize) / MIB;
  }

  /** Runs a command in the one container that there is, as its user, and does not wait for it. */
  async exec(...command: string[]): Promise<void> {
    const [id = ''] = await this.ids();
    const started = await this.place.docker.getContainer(id).exec({ Cmd: command, User: '1000:1000' });
    await started.start({ Detach: true });
  }

  /** It is not used again, and one line says why. */
  async refuses(order: StartOrder, words: string): Promise<void> {
    expect(await this.sandboxes.recycle(order)).toBeNull();
    const said = this.log.lines.filter(({ message }) => message.startsWith('a container is not used again'));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({ level: 'warn', fields: { taskId: order.taskId } });
    expect(said[0]?.fields).toMatchObject({ err: { message: expect.stringContaining(words) as string } });
    expect(await this.sandboxes.listWarm()).toEqual([]);
  }

  endsByItself(): Promise<unknown> {
    const isOver = async (): Promise<boolean> =>
      (await this.sandboxes.list()).every(({ state }) => state !== 'running');
    return eventually(isOver, 'its runner has ended');
  }

  /** Removes it like any other; nothing is left then. */
  async remove(order: StartOrder): Promise<void> {
    await this.sandboxes.end(order);
    await this.sandboxes.remove(order);
    await this.sandboxes.discard(order);
    expect(await this.place.remains()).toEqual([]);
  }
}

/** An attempt of a profile; what its runner does is the word. */
export function orderFor(profile = SMALL, word = 'again'): StartOrder {
  const { projectId, image, limits, hubObjects } = profile;
  return { ...newOrder(word), projectId, image, limits, hubObjects };
}
