import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { copyFile, link, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sandboxName } from '@roundhouse/contracts';
import { findProcesses } from '@roundhouse/host';
import Docker from 'dockerode';
import { type DockerSandboxOptions, openDockerSandboxes } from '../adapters/docker/docker-sandbox.ts';
import { PreparedCheckouts } from '../adapters/storage/prepared-checkouts.ts';
import { openSlotStorage } from '../adapters/storage/open-slot-storage.ts';
import type { AttemptRef, Sandboxes, SlotStorage } from '../ports.ts';
import { DoorsDouble } from './doors-double.ts';
import { quietLog } from './quiet-log.ts';

export const ENGINE_SOCKET = '/var/run/docker.sock';
/** It has git, and it has no Node. */
export const IMAGE = 'debian:bookworm-slim';
export const USER = { uid: 1_000, gid: 1_000 } as const;

const besides = (name: string): string => new URL(name, import.meta.url).pathname.replace('/dist/', '/src/');
const TINY_RUNNER = besides('./tiny-runner.mjs');
export const SHELL_RUNNER = besides('./shell-runner.mjs');

/** Why tests that need an engine cannot run here, or null. In CI there is no such reason. */
export async function noEngine(): Promise<string | null> {
  if (process.env['CI'] === 'true') return null;
  try {
    await new Docker({ socketPath: ENGINE_SOCKET }).getImage(IMAGE).inspect();
    return process.getuid?.() === 0 ? null : 'tests of containers look into their folders, which needs root';
  } catch (error) {
    return `no Docker engine with the image ${IMAGE}: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** A scratch installation of Docker sandboxes with a real storage; `main` is what runs in the place of the runner. */
export class DockerPlace {
  readonly docker = new Docker({ socketPath: ENGINE_SOCKET });
  readonly root: string;
  /** The relay's part, in the folder `doors`. */
  readonly relay: DoorsDouble;
  readonly #top: string;
  readonly #opened: { readonly sandboxes: Sandboxes; readonly storage: SlotStorage }[] = [];

  private constructor(root: string, top: string) {
    this.root = root;
    this.#top = top;
    this.relay = new DoorsDouble(this.doors);
  }

  static async make(main: string = TINY_RUNNER, suffix = ''): Promise<DockerPlace> {
    const top = await realpath(await mkdtemp(join(tmpdir(), 'rh-docker-')));
    const root = join(top, suffix);
    await makeTree(join(root, 'tree'), main);
    const place = new DockerPlace(root, top);
    await mkdir(place.doors, { recursive: true, mode: 0o755 });
    await place.relay.start();
    return place;
  }

  /** How the storage that was opened last makes worktrees. */
  get worktrees(): SlotStorage['worktrees'] | undefined {
    return this.#opened.at(-1)?.storage.worktrees;
  }

  /** Another process's view of one that was made. */
  static at(root: string): DockerPlace {
    return new DockerPlace(root, root);
  }

  /** Its path is short, whatever the suffix is: the relay wants that of its folder. */
  get doors(): string {
    return join(this.#top, 'doors');
  }

  get data(): string {
    return join(this.root, 'data');
  }

  /** A launcher's view of it; the other options as given. */
  async open(options: Partial<DockerSandboxOptions> & { readonly mounts?: 'auto' | 'never' } = {}): Promise<Sandboxes> {
    const { mounts = 'auto', ...others } = options;
    const storage = await openSlotStorage({ root: this.data, mounts, ...USER, log: quietLog });
    const { worktrees } = storage;
    const sandboxes = await openDockerSandboxes({
      root: this.data,
      socketPath: ENGINE_SOCKET,
      image: IMAGE,
      runnerTree: join(this.root, 'tree'),
      doors: this.doors,
      hasEgress: false,
      storage,
      checkouts: (prepare) => PreparedCheckouts.open({ root: this.data, worktrees, prepare, ...USER, log: quietLog }),
      environment: {},
      user: USER,
      log: quietLog,
      ...others,
    });
    this.#opened.push({ sandboxes, storage });
    return sandboxes;
  }

  handleOf({ taskId, attempt }: AttemptRef): { readonly slot: string } {
    const found = this.handles().find(({ subject }) => subject['taskId'] === taskId && subject['attempt'] === attempt);
    if (found === undefined) throw new Error(`there is no handle of ${sandboxName(taskId, attempt)}`);
    return found;
  }

  handles(): { readonly slot: string; readonly subject: Record<string, unknown> }[] {
    const folder = join(this.data, 'handles');
    const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^\w+[.]json$/.test(name)) : [];
    return files.map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as never);
  }

  /** Where the host sees `/sandbox` of an attempt's container. */
  boxOf(ref: AttemptRef): string {
    return join(this.data, 'slots', this.handleOf(ref).slot, 'disk', 'box');
  }

  processesOf({ taskId, attempt }: AttemptRef): Promise<number[]> {
    return findProcesses({ mark: sandboxName(taskId, attempt) });
  }

  /** All containers of this place, also stopped ones. */
  async containers(): Promise<Docker.ContainerInfo[]> {
    const all = await this.docker.listContainers({ all: true, filters: { label: ['roundhouse.install'] } });
    return all.filter(({ Mounts }) => Mounts.some(({ Source }) => Source?.startsWith(`${this.root}/`)));
  }

  /** Has the runner of an attempt (shell-runner.mjs) run a script; answers what it printed on both streams. */
  async inside(ref: AttemptRef, script: string, boundMs = 30_000): Promise<string> {
    const socket = connect({ path: join(this.boxOf(ref), 'shell.sock'), allowHalfOpen: true });
    const timer = setTimeout(() => socket.destroy(new Error(`no end within ${boundMs} ms: ${script}`)), boundMs);
    try {
      socket.end(script);
      return (await text(socket)).trim();
    } finally {
      clearTimeout(timer);
      socket.destroy();
    }
  }

  /** Everything that there is of sandboxes: containers, slots, handles, doors. Nothing of one that is gone. */
  async remains(): Promise<readonly unknown[]> {
    const slots = (await this.#opened.at(-1)?.storage.slots()) ?? [];
    const containers = await this.containers();
    return [...containers.map(({ Names }) => Names), ...slots, ...this.handles(), ...(await readdir(this.doors))];
  }

  /** Ends and deletes all of it. */
  async clean(): Promise<void> {
    // What another process has mounted there is ended by whoever opens it next.
    if (this.#opened.length === 0) await this.open();
    for (const { sandboxes } of this.#opened) await sandboxes.close();
    await Promise.all((await this.containers()).map(({ Id }) => this.docker.getContainer(Id).remove({ force: true })));
    for (const { storage } of this.#opened) {
      for (const { slot } of await storage.slots()) {
        await storage.remove(slot);
        await storage.discard(slot);
      }
    }
    for (const { storage } of this.#opened.splice(0)) await storage.close();
    await this.relay.stop();
    await rm(this.#top, { recursive: true, force: true });
  }
}

async function makeTree(tree: string, main: string): Promise<void> {
  await mkdir(join(tree, 'bin'), { recursive: true });
  await mkdir(join(tree, 'services/runner/dist/bundle'), { recursive: true });
  // A hundred megabytes: linked where it lies on the same disk.
  const node = join(tree, 'bin/node');
  await link(process.execPath, node).catch(() => copyFile(process.execPath, node));
  await copyFile(main, join(tree, 'services/runner/dist/bundle/main.js'));
  await writeFile(join(tree, 'package.json'), '{"type":"module"}');
  await writeFile(join(tree, 'tree.json'), JSON.stringify({ content: 'tiny' }));
}
