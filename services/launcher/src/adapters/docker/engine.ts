import type { Readable } from 'node:stream';
import Docker from 'dockerode';
import { z } from 'zod';
import { EngineRefusal, callEngine } from './engine-call.ts';

/** The options of a container, as the engine's API takes them. */
export type ContainerOptions = Docker.ContainerCreateOptions;

export interface ContainerState {
  readonly id: string;
  readonly name: string;
  /** The id of the image that it was made of, which its name may not stand for any more. */
  readonly image: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: string;
  readonly isRunning: boolean;
  readonly exitCode: number;
  readonly isOomKilled: boolean;
  readonly mounts: readonly { readonly source: string; readonly destination: string }[];
}

export interface ContainerRow {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly isRunning: boolean;
}

export interface ImageFacts {
  readonly id: string;
  readonly environment: readonly string[];
  /** What it declares as volumes: places that the engine would give disk of the host to. */
  readonly volumes: readonly string[];
}

const State = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
  State: z.object({
    Status: z.string(),
    Running: z.boolean(),
    ExitCode: z.int(),
    OOMKilled: z.boolean().default(false),
  }),
  Mounts: z.array(z.object({ Source: z.string().default(''), Destination: z.string() })).default([]),
});
const Image = z.object({
  Id: z.string(),
  Config: z
    .object({ Env: z.array(z.string()).nullish(), Volumes: z.record(z.string(), z.unknown()).nullish() })
    .nullish(),
});

/** A look, and something that starts or ends processes on a busy machine. */
const LOOK_MS = 10_000;
const ACT_MS = 60_000;
const PULL_MS = 900_000;
const LOG_LINES = 20;
// eslint-disable-next-line no-control-regex -- they are what is taken out of a sandbox's words
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f\ufffd]+/g;

/**
 * The one door to the container engine: its answers as values, its faults as EngineRefusal or SandboxesAwayError (see
 * engine-call.ts), every call bounded. `target` is a container's id or name.
 */
export class Engine {
  readonly socketPath: string;
  readonly #docker: Docker;

  constructor(socketPath: string) {
    this.socketPath = socketPath;
    this.#docker = new Docker({ socketPath });
  }

  /** The number of processors that it can give. */
  async cpus(signal?: AbortSignal): Promise<number> {
    const info = await this.#call('say what it is', LOOK_MS, () => this.#docker.info() as Promise<unknown>, signal);
    return z.object({ NCPU: z.int().min(1) }).parse(info).NCPU;
  }

  /** Answers the container's id, or `taken` where another has its name, or `no_image`. */
  async create(name: string, options: ContainerOptions): Promise<{ id: string } | 'taken' | 'no_image'> {
    try {
      const container = await this.#call('create a container', ACT_MS, (abortSignal) =>
        this.#docker.createContainer({ ...options, name, abortSignal }),
      );
      return { id: container.id };
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      if (error.status === 409) return 'taken';
      if (error.status === 404) return 'no_image';
      throw error;
    }
  }

  /** One that runs already is started. */
  async start(target: string): Promise<void> {
    await this.#unless([304], 'start a container', (abortSignal) =>
      this.#docker.getContainer(target).start({ abortSignal }),
    );
  }

  /** What does not run, or is not there, needs no signal. */
  async kill(target: string, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.#unless([404, 409], 'signal a container', (abortSignal) =>
      this.#docker.getContainer(target).kill({ signal, abortSignal }),
    );
  }

  /** Ends and removes it with its anonymous volumes; resolves when it is gone. */
  async remove(target: string): Promise<void> {
    const container = this.#docker.getContainer(target);
    try {
      await this.#call('remove a container', ACT_MS, (abortSignal) =>
        container.remove({ force: true, v: true, abortSignal }),
      );
    } catch (error) {
      if (!(error instanceof EngineRefusal)) throw error;
      if (error.status === 404) return;
      if (error.status !== 409) throw error;
      // Somebody removes it already.
      await this.#unless([404], 'remove a container', (abortSignal) =>
        container.wait({ condition: 'removed', abortSignal }),
      );
    }
  }

  async rename(target: string, name: string): Promise<void> {
    await this.#call('rename a container', LOOK_MS, (abortSignal) =>
      this.#docker.getContainer(target).rename({ name, abortSignal }),
    );
  }

  async inspect(target: string): Promise<ContainerState | null> {
    const found = await this.#orNull('inspect a container', (abortSignal) =>
      this.#docker.getContainer(target).inspect({ abortSignal }),
    );
    if (found === null) return null;
    const { Id, Name, Image: image, Config, State: state, Mounts } = State.parse(found);
    return {
      id: Id,
      image,
      name: Name.replace(/^\//, ''),
      labels: Config.Labels ?? {},
      status: state.Status,
      isRunning: state.Running,
      exitCode: state.ExitCode,
      isOomKilled: state.OOMKilled,
      mounts: Mounts.map(({ Source, Destination }) => ({ source: Source, destination: Destination })),
    };
  }

  /** All containers, also stopped ones, that carry these labels (`name=value`). */
  async list(labels: readonly string[]): Promise<ContainerRow[]> {
    const rows = await this.#call('list containers', LOOK_MS, (abortSignal) =>
      this.#docker.listContainers({ all: true, filters: { label: [...labels] }, abortSignal }),
    );
    return rows.map(({ Id, Labels, State: state }) => ({ id: Id, labels: Labels, isRunning: state === 'running' }));
  }

  /** Resolves with its exit code when it does not run (any more). */
  async exitOf(target: string, boundMs: number, signal?: AbortSignal): Promise<number> {
    const answer: unknown = await this.#call(
      'end a container',
      boundMs,
      (abortSignal) => this.#docker.getContainer(target).wait({ abortSignal }),
      signal,
    );
    return z.object({ StatusCode: z.int() }).parse(answer).StatusCode;
  }

  /** The last lines that it printed, without control characters. */
  async lastWords(target: string): Promise<string> {
    const log = await this.#orNull('read a log', (abortSignal) =>
      this.#docker.getContainer(target).logs({ stdout: true, stderr: true, tail: LOG_LINES, abortSignal }),
    );
    if (log === null) return '';
    // Frames with 8 bytes of header each; what is left of the headers goes with the control characters.
    return log.toString('utf8').replace(CONTROL, ' ').trim().slice(-2_000);
  }

  async image(name: string, signal?: AbortSignal): Promise<ImageFacts | null> {
    const found = await this.#orNull('inspect an image', () => this.#docker.getImage(name).inspect(), signal);
    if (found === null) return null;
    const { Id, Config } = Image.parse(found);
    return { id: Id, environment: Config?.Env ?? [], volumes: Object.keys(Config?.Volumes ?? {}) };
  }

  /** Resolves when the image is there. `progress` is called with the engine's words, often. */
  async pull(name: string, progress: (words: string) => void, signal?: AbortSignal): Promise<void> {
    await this.#call(
      'pull an image',
      PULL_MS,
      async (abortSignal) => {
        // Without a tag an engine may take it for all of them.
        const tagged = /[:@][^/]*$/.test(name) ? name : `${name}:latest`;
        const lines = (await this.#docker.pull(tagged, { abortSignal })) as Readable;
        const end = (): void => void lines.destroy();
        abortSignal.addEventListener('abort', end, { once: true });
        try {
          await this.#follow(lines, progress);
        } finally {
          abortSignal.removeEventListener('abort', end);
        }
      },
      signal,
    );
  }

  /** What happens from now on to containers that have that label, whatever its value, as lines of JSON. The caller ends the stream. */
  async events(label: string): Promise<Readable> {
    const filters: Docker.GetEventsOptions['filters'] = { type: ['container'], event: ['die'], label: [label] };
    return (await this.#call('open its events', LOOK_MS, () => this.#docker.getEvents({ filters }))) as Readable;
  }

  #follow(lines: Readable, progress: (words: string) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#docker.modem.followProgress(
        lines,
        (error) => (error === null ? resolve() : reject(error)),
        (line: { status?: string; error?: string }) => {
          // The engine says 200 first and what went wrong afterwards.
          if (line.error !== undefined) reject(Object.assign(new Error(line.error), { statusCode: 404 }));
          else if (line.status !== undefined) progress(line.status);
        },
      );
    });
  }

  async #unless(expected: readonly number[], what: string, act: (signal: AbortSignal) => Promise<unknown>) {
    try {
      await this.#call(what, ACT_MS, act);
    } catch (error) {
      if (!(error instanceof EngineRefusal && expected.includes(error.status))) throw error;
    }
  }

  async #orNull<T>(what: string, act: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T | null> {
    try {
      return await this.#call(what, LOOK_MS, act, signal);
    } catch (error) {
      if (error instanceof EngineRefusal && error.status === 404) return null;
      throw error;
    }
  }

  #call<T>(what: string, timeoutMs: number, act: (s: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return callEngine(what, act, { socketPath: this.socketPath, timeoutMs, signal });
  }
}
