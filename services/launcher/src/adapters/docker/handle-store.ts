import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@roundhouse/host';
import type { AttemptRef } from '../../ports.ts';
import { type AttemptSubject, Handle, type HandleOf, type WarmSubject } from './handle.ts';

const FOLDER = 'handles';
const FILE = /^[0-9a-f]{12}\.json$/;

/** All handles: `<root>/handles/<slot>.json`, one writer, kept in memory. */
export class HandleStore {
  readonly #folder: string;
  readonly #handles: Map<string, Handle>;
  /** What is being written, by slot: the last word must be the last on disk too. */
  readonly #writes = new Map<string, Promise<void>>();

  /** Slots whose handle cannot be read: there may be work in them, and nobody knows whose. */
  readonly spoilt: readonly string[];

  private constructor(folder: string, handles: Map<string, Handle>, spoilt: readonly string[]) {
    this.#folder = folder;
    this.#handles = handles;
    this.spoilt = spoilt;
  }

  static async open(root: string): Promise<HandleStore> {
    const folder = join(root, FOLDER);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const handles = new Map<string, Handle>();
    const spoilt: string[] = [];
    for (const name of (await readdir(folder)).filter((entry) => FILE.test(entry))) {
      const text = await readFile(join(folder, name), 'utf8');
      const handle = Handle.safeParse(parseJson(text));
      if (handle.success) handles.set(handle.data.slot, handle.data);
      else spoilt.push(name.slice(0, 12));
    }
    const store = new HandleStore(folder, handles, spoilt);
    await store.#undoHalfRecycled();
    return store;
  }

  of(slot: string): Handle | undefined {
    return this.#handles.get(slot);
  }

  all(): Handle[] {
    return [...this.#handles.values()];
  }

  attempts(): HandleOf<AttemptSubject>[] {
    return [...this.#handles.values()].filter(isAttempt);
  }

  warm(): HandleOf<WarmSubject>[] {
    return [...this.#handles.values()].filter(isWarm);
  }

  ofAttempt({ taskId, attempt }: AttemptRef): HandleOf<AttemptSubject> | undefined {
    return this.attempts().find(({ subject }) => isSame(subject, { taskId, attempt }));
  }

  ofWarm(warmId: string): HandleOf<WarmSubject> | undefined {
    return this.warm().find(({ subject }) => subject.warmId === warmId);
  }

  /** In memory at once; resolves when it is on disk. */
  async put(handle: Handle): Promise<void> {
    this.#handles.set(handle.slot, handle);
    const [file, text] = [this.#fileOf(handle.slot), JSON.stringify(handle)];
    await this.#inTurn(handle.slot, () => writeFileAtomic(file, text, { mode: 0o600 }));
  }

  /**
   * The same, but only so that a launcher that is killed finds it, not a host that loses its power: that ends all
   * containers too, and a `put` follows at once. Two syncs are most of what a hand-over would take.
   */
  async putQuickly(handle: Handle): Promise<void> {
    this.#handles.set(handle.slot, handle);
    const [file, text] = [this.#fileOf(handle.slot), JSON.stringify(handle)];
    await this.#inTurn(handle.slot, async () => {
      await writeFile(`${file}.new`, text, { mode: 0o600 });
      await rename(`${file}.new`, file);
    });
  }

  /**
   * A container is used again: `warm` takes the place of its attempt's handle, and what the attempt left gets one of its
   * own. In memory in one step. On disk the latter is first: with both, the earlier handle still counts.
   */
  async recycle(over: HandleOf<AttemptSubject>, warm: HandleOf<WarmSubject>): Promise<void> {
    this.#handles.set(warm.slot, warm);
    await this.put(over);
    await this.put(warm);
  }

  async drop(slot: string): Promise<void> {
    await this.#inTurn(slot, async () => {
      await rm(`${this.#fileOf(slot)}.new`, { force: true });
      await rm(this.#fileOf(slot), { force: true });
    });
    this.#handles.delete(slot);
  }

  /** A launcher that was killed before the container was warm again leaves an attempt like any other. */
  async #undoHalfRecycled(): Promise<void> {
    for (const { slot, subject } of this.attempts()) {
      if (subject.phase !== 'over') continue;
      const isTwice = this.attempts().some((other) => other.slot !== slot && isSame(other.subject, subject));
      if (isTwice) await this.drop(slot);
    }
  }

  #inTurn(slot: string, write: () => Promise<void>): Promise<void> {
    const turn = (this.#writes.get(slot) ?? Promise.resolve())
      .catch(() => undefined)
      .then(write)
      .finally(() => {
        if (this.#writes.get(slot) === turn) this.#writes.delete(slot);
      });
    this.#writes.set(slot, turn);
    return turn;
  }

  #fileOf(slot: string): string {
    return join(this.#folder, `${slot}.json`);
  }
}

const isSame = (one: AttemptRef, other: AttemptRef): boolean =>
  one.taskId === other.taskId && one.attempt === other.attempt;
const isAttempt = (handle: Handle): handle is Handle & HandleOf<AttemptSubject> => handle.subject.kind === 'attempt';
const isWarm = (handle: Handle): handle is Handle & HandleOf<WarmSubject> => handle.subject.kind === 'warm';

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
