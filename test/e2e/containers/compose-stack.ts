import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { ApiClient, TOKEN_PATTERN } from '@roundhouse/contracts';
import { temporaryFolder } from '@roundhouse/testkit';
import { composeCommands } from './engine.ts';
import { type Ran, runProgram, succeed } from './run-program.ts';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const AIRGAP = `${ROOT}deploy/airgap/prepare.sh`;
const PROJECT_LABEL = 'com.docker.compose.project';

/** What `docker inspect` says of a container, as far as tests look at it. */
export interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly RestartCount: number;
  readonly State: { readonly Status: string; readonly Health?: { readonly Status: string } };
  readonly Config: { readonly User: string; readonly Env: string[]; readonly Labels: Record<string, string> };
  readonly HostConfig: {
    readonly ReadonlyRootfs: boolean;
    readonly CapDrop: string[] | null;
    readonly CapAdd: string[] | null;
    readonly SecurityOpt: string[] | null;
    readonly Memory: number;
    readonly PidsLimit: number | null;
    readonly NetworkMode: string;
    readonly LogConfig: { readonly Config: Record<string, string> | null };
  };
  readonly Mounts: { readonly Source: string; readonly Destination: string; readonly RW: boolean }[];
}

/** docker-compose.yml of this repository, unmodified, under a project name and ports of its own. */
export class ComposeStack {
  readonly project: string;
  readonly api: string;
  readonly slots: string;
  readonly #command: readonly [string, ...string[]];
  readonly #environment: NodeJS.ProcessEnv;

  constructor(project: string, slots: string, api: number, mcp: number, command: readonly [string, ...string[]]) {
    this.project = project;
    this.slots = slots;
    this.api = `http://127.0.0.1:${api}`;
    this.#command = command;
    this.#environment = {
      ...process.env,
      COMPOSE_PROJECT_NAME: project,
      ROUNDHOUSE_API_PORT: String(api),
      ROUNDHOUSE_MCP_PORT: String(mcp),
      ROUNDHOUSE_SLOTS_FOLDER: slots,
      // The plugin for BuildKit is not everywhere; the classic builder is.
      DOCKER_BUILDKIT: process.env['DOCKER_BUILDKIT'] ?? '0',
    };
  }

  /** What stands in the file of secrets for agents, as a user has it in `agents.env`. */
  static readonly AGENT_SECRET = 'what-a-model-provider-gave';

  /** Ports that are free now, and a folder for the slots that is a shared mount where that can be had. */
  static async make(): Promise<ComposeStack> {
    // ROUNDHOUSE_E2E_COMPOSE=docker-compose runs it all with 1.29 where the plugin is there too.
    const wanted = process.env['ROUNDHOUSE_E2E_COMPOSE'];
    const commands = await composeCommands();
    const command = commands.find((words) => wanted === undefined || words.join(' ') === wanted);
    if (command === undefined) throw new Error(`there is no ${wanted ?? 'compose'}`);
    const project = `rh-e2e-${randomBytes(4).toString('hex')}`;
    const folder = await temporaryFolder();
    const slots = `${folder.path}/slots`;
    await mkdir(slots);
    const stack = new ComposeStack(project, slots, await freePort(), await freePort(), command);
    const secrets = `${folder.path}/agents.env`;
    await writeFile(secrets, `# for agents\nPROVIDER_KEY=${ComposeStack.AGENT_SECRET}\n`, { mode: 0o600 });
    stack.#environment['ROUNDHOUSE_AGENT_SECRETS'] = secrets;
    if (process.getuid?.() === 0) {
      const settings = await succeed('bash', [AIRGAP, '--engine-only', '--slots', slots], { ms: 60_000 });
      for (const line of settings.split('\n')) {
        const [name = '', value] = line.split('=');
        stack.#environment[name] = value;
      }
    }
    return stack;
  }

  /** A compose command that must end well; answers what it printed. */
  async run(args: readonly string[], ms = 120_000): Promise<string> {
    const { code, out, said } = await this.try(args, ms);
    if (code === 0) return out;
    throw new Error(`compose ${args.join(' ')} ended with ${code}:\n${said.slice(-4_000)}\n${await this.logs()}`);
  }

  try(args: readonly string[], ms = 120_000): Promise<Ran> {
    const [program, ...first] = this.#command;
    return runProgram(program, [...first, ...args], { cwd: ROOT, environment: this.#environment, ms });
  }

  /** The last lines of every service, for the words of a failure. */
  async logs(): Promise<string> {
    return (await this.try(['logs', '--no-color', '--tail', '40'], 30_000)).said;
  }

  /** The containers of a service, or of all; the sandboxes are those of the service `sandbox` that are one-offs. */
  async containers(service?: string): Promise<Inspected[]> {
    const filters = [`label=${PROJECT_LABEL}=${this.project}`];
    if (service !== undefined) filters.push(`label=com.docker.compose.service=${service}`);
    const ids = await docker(['ps', '--all', '--quiet', ...filters.flatMap((filter) => ['--filter', filter])]);
    if (ids === '') return [];
    return JSON.parse(await docker(['inspect', ...ids.split('\n')])) as Inspected[];
  }

  async container(service: string): Promise<Inspected> {
    const found = (await this.containers(service)).find(
      ({ Config }) => Config.Labels['com.docker.compose.oneoff'] !== 'True',
    );
    if (found === undefined) throw new Error(`${service} has no container`);
    return found;
  }

  async operatorToken(): Promise<string> {
    const { Id } = await this.container('coordinator');
    const token = await docker(['exec', Id, 'cat', '/var/lib/roundhouse/secrets/operator/token']);
    if (!TOKEN_PATTERN.test(token)) throw new Error('the operator’s token file holds no token');
    return token;
  }

  async operator(): Promise<ApiClient> {
    return new ApiClient({ baseUrl: this.api, token: await this.operatorToken() });
  }

  /** All that docker still has of this project: containers, volumes and networks. */
  async leftovers(): Promise<string[]> {
    const filter = ['--quiet', '--filter', `label=${PROJECT_LABEL}=${this.project}`];
    const lists = await Promise.all([
      docker(['ps', '--all', ...filter]),
      docker(['volume', 'ls', ...filter]),
      docker(['network', 'ls', ...filter]),
    ]);
    return lists.flatMap((list) => list.split('\n')).filter((id) => id !== '');
  }

  /** Ends and removes everything, data too. Twice is fine. */
  async destroy(): Promise<void> {
    const down = ['down', '--volumes', '--remove-orphans', '--timeout', '20'];
    // A sandbox that ends by itself at that moment makes compose give up half-way; the second time it is gone.
    const { code } = await this.try(down, 180_000);
    if (code !== 0) await this.run(down, 180_000);
    // The launcher's mounts lie below; what it left is let go of with the folder itself.
    await runProgram('umount', ['--recursive', '--lazy', this.slots], { ms: 20_000 });
    await rm(this.slots.replace(/\/slots$/, ''), { recursive: true, force: true });
  }
}

export const docker = (args: readonly string[], ms = 60_000): Promise<string> => succeed('docker', args, { ms });

/** Free now; somebody may still be quicker, and then the test fails with docker's words. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
