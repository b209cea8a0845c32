import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ApiClient } from '@roundhouse/contracts';
import { descendantsOf, processTable, type ProcessRow } from './process-table.ts';
import { temporaryFolder, type TemporaryFolder } from './temporary-folder.ts';
import { eventually, lineMatching, within } from './waiting.ts';

const CLI = fileURLToPath(new URL('../../cli/dist/bundle/main.js', import.meta.url));
const START_MS = 60_000;
const STOP_MS = 40_000;
const RESTART_MS = 30_000;

/** What `roundhouse up --json` prints. */
export interface Addresses {
  readonly api: string;
  readonly mcp: string;
  readonly operatorToken: string;
  readonly project: { readonly id: string; readonly name: string; readonly defaultBranch: string };
  readonly coordinator: { readonly id: string; readonly token: string };
  readonly pid: number;
}

export type ServiceName = 'coordinator' | 'launcher' | 'mcp-gateway' | 'redis';

export interface EmbeddedOptions {
  /** The repository of the first project. */
  readonly repository: string;
  /** The data folder; a temporary one, removed by stop, by default. */
  readonly data?: string;
  readonly args?: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
}

/** The whole service as a user runs it: `roundhouse up --json`, built, with all its processes. */
export class EmbeddedService {
  readonly addresses: Addresses;
  readonly data: string;
  readonly #child: ChildProcess;
  readonly #said: { text: string };
  readonly #temporary: TemporaryFolder | null;

  constructor(
    addresses: Addresses,
    data: string,
    child: ChildProcess,
    said: { text: string },
    temporary: TemporaryFolder | null,
  ) {
    this.addresses = addresses;
    this.data = data;
    this.#child = child;
    this.#said = said;
    this.#temporary = temporary;
  }

  /** The last 64 KiB of its standard error. */
  get log(): string {
    return this.#said.text;
  }

  /** The API as the coordinator that the service made. */
  coordinator(): ApiClient {
    const { api, coordinator } = this.addresses;
    return new ApiClient({ baseUrl: api, token: coordinator.token, coordinatorId: coordinator.id });
  }

  operator(): ApiClient {
    return new ApiClient({ baseUrl: this.addresses.api, token: this.addresses.operatorToken });
  }

  /** The process id of a part, or undefined where it is not running now. */
  async pidOf(name: ServiceName): Promise<number | undefined> {
    const rows = descendantsOf(await processTable(), this.addresses.pid).filter(({ zombie }) => !zombie);
    return rows.find((row) => isPart(row, name))?.pid;
  }

  /**
   * Ends a part by kill -9 and waits until its supervisor has started another and, where it serves HTTP, that it answers
   * at the same address. Answers the new process id.
   */
  async killAndAwaitRestart(name: ServiceName): Promise<number> {
    const old = await this.pidOf(name);
    if (old === undefined) throw new Error(`${name} is not running`);
    process.kill(old, 'SIGKILL');
    // No event reaches us: it is our child's child.
    const restarted = await eventually(`another ${name} than ${old}`, RESTART_MS, async () => {
      const pid = await this.pidOf(name);
      return pid === old ? undefined : pid;
    });
    const health = this.#healthOf(name);
    if (health === null) return restarted;
    return eventually(`an answer of ${name} at ${health.href}`, RESTART_MS, async () => {
      const answer = await fetch(health).catch(() => null);
      await answer?.body?.cancel();
      return answer?.ok === true ? restarted : undefined;
    });
  }

  #healthOf(name: ServiceName): URL | null {
    if (name === 'coordinator') return new URL('/api/health', this.addresses.api);
    return name === 'mcp-gateway' ? new URL('/health', this.addresses.mcp) : null;
  }

  /**
   * Stops as Ctrl-C does, waits for the end, removes the data where it was temporary. Answers the exit code. Of one that
   * has ended already only the data is removed, so it can stand in a test's clean-up too.
   */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    this.#child.kill(signal);
    await within(STOP_MS, 'the service to stop', this.#ended()).catch((error: unknown) => {
      this.#child.kill('SIGKILL');
      throw error;
    });
    await this.#temporary?.remove();
    return this.#child.exitCode;
  }

  /**
   * kill -9 of the supervisor and of every process below it or with the data folder in its command line, working folder
   * or environment (so runners and agents too), as a power cut would. The data stays.
   */
  async killEverything(): Promise<void> {
    const rows = await processTable();
    const ours = rows.filter((row) => [row.command, row.folder, row.environment].some((it) => it.includes(this.data)));
    const below = this.#isRunning() ? descendantsOf(rows, this.addresses.pid) : [];
    const pids = new Set([...below, ...ours].map(({ pid }) => pid));
    if (this.#isRunning()) pids.add(this.addresses.pid);
    pids.delete(process.pid);
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself meanwhile.
      }
    }
    await within(STOP_MS, 'the end of the killed service', this.#ended());
  }

  /** Removes a temporary data folder after killEverything. */
  async removeData(): Promise<void> {
    await this.#temporary?.remove();
  }

  #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async #ended(): Promise<void> {
    if (this.#isRunning()) await once(this.#child, 'exit');
  }
}

/** Starts the service and waits until it says that all is ready. */
export async function startEmbeddedService(options: EmbeddedOptions): Promise<EmbeddedService> {
  const temporary = options.data === undefined ? await temporaryFolder() : null;
  const data = options.data ?? temporary?.path ?? '';
  const args = ['up', '--json', '--data', data, '--port', '0', '--repo', options.repository, ...(options.args ?? [])];
  // The channel is a leash: where this process dies, the service hears it and stops.
  const child = spawn(process.execPath, [CLI, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...options.environment },
  });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the service was started without pipes');
  const said = { text: '' };
  stderr.on('data', (chunk: Buffer) => {
    said.text = (said.text + chunk.toString()).slice(-65_536);
  });
  try {
    const line = await lineMatching(stdout, /^\{.*\}$/, START_MS);
    return new EmbeddedService(JSON.parse(line) as Addresses, data, child, said, temporary);
  } catch (error) {
    child.kill('SIGKILL');
    await temporary?.remove();
    throw new Error(`the service did not start: ${String(error)}\n${said.text}`, { cause: error });
  }
}

function isPart(row: ProcessRow, name: ServiceName): boolean {
  if (name === 'redis') return /(?:redis|valkey)-server/.test(row.command) && !/^\S*sh /.test(row.command);
  return row.command.includes(`services/${name}/dist/bundle/main.js`);
}
