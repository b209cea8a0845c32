import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type TemporaryFolder, eventually, temporaryFolder } from '@roundhouse/testkit';
import { type Ran, runProgram, succeed } from './run-program.ts';

const SETUP_MS = 20_000;
const END_MS = 30_000;

/**
 * A machine without an engine, as far as an engine can tell: a network namespace of its own with a way out, and folders
 * of its own. Two engines in one namespace would quarrel over docker0 and iptables. Needs root.
 */
export class PrivateEngine {
  readonly folder: TemporaryFolder;
  readonly #name: string;
  readonly #rule: readonly string[];

  constructor(folder: TemporaryFolder, name: string, rule: readonly string[]) {
    this.folder = folder;
    this.#name = name;
    this.#rule = rule;
  }

  static async make(): Promise<PrivateEngine> {
    const folder = await temporaryFolder();
    const id = randomBytes(3).toString('hex');
    const [name, outer, inner] = [`rh-${id}`, `rho${id}`, `rhi${id}`];
    // A network that neither Docker nor most sites use, and one of many of it.
    const net = `10.213.${Number.parseInt(id.slice(0, 2), 16)}`;
    const rule = ['POSTROUTING', '--source', `${net}.0/24`, '--jump', 'MASQUERADE'];
    const engine = new PrivateEngine(folder, name, rule);
    try {
      await ip('netns', 'add', name);
      await ip(
        'link',
        'add',
        outer,
        'mtu',
        '1400',
        'type',
        'veth',
        'peer',
        'name',
        inner,
        'mtu',
        '1400',
        'netns',
        name,
      );
      await ip('address', 'add', `${net}.1/24`, 'dev', outer);
      await ip('link', 'set', outer, 'up');
      await ip('-n', name, 'address', 'add', `${net}.2/24`, 'dev', inner);
      for (const device of ['lo', inner]) await ip('-n', name, 'link', 'set', device, 'up');
      await ip('-n', name, 'route', 'add', 'default', 'via', `${net}.1`);
      await succeed('iptables', ['--wait', '--table', 'nat', '--append', ...rule], { ms: SETUP_MS });
      // An engine of the machine's own sets the policy to drop what it does not know.
      for (const flag of ['--in-interface', '--out-interface'])
        await succeed('iptables', ['--wait', '--insert', 'FORWARD', flag, outer, '--jump', 'ACCEPT'], { ms: SETUP_MS });
      return engine;
    } catch (error) {
      await engine.end();
      throw error;
    }
  }

  get socket(): string {
    return `unix://${this.folder.path}/run/docker.sock`;
  }

  /** Runs a program in that place; `docker` speaks to its engine. */
  run(program: string, args: readonly string[], ms: number): Promise<Ran> {
    const environment = {
      ...process.env,
      DOCKER_HOST: this.socket,
      AIRGAP_DATA_ROOT: `${this.folder.path}/images`,
      AIRGAP_RUN_FOLDER: `${this.folder.path}/run`,
    };
    // Only the network is another one: `ip netns exec` would change /sys too, which the control groups lie in.
    return runProgram('nsenter', [`--net=/run/netns/${this.#name}`, program, ...args], { environment, ms });
  }

  async docker(...args: readonly string[]): Promise<string> {
    const { code, out, said } = await this.run('docker', args, 120_000);
    if (code !== 0) throw new Error(`docker ${args.join(' ')} ended with ${code}:\n${said}`);
    return out;
  }

  /** Ends exactly its engine, by its pid file, and takes everything away. Twice is fine. */
  async end(): Promise<void> {
    const pid = Number(await readFile(`${this.folder.path}/run/dockerd.pid`, 'utf8').catch(() => ''));
    if (pid > 0) {
      signal(pid, 'SIGTERM');
      // It is not our child: no event tells its end.
      await eventually('the end of the engine', END_MS, () => Promise.resolve(signal(pid, 0) ? undefined : true));
    }
    const outer = this.#name.replace('rh-', 'rho');
    for (const flag of ['--in-interface', '--out-interface'])
      await runProgram('iptables', ['--wait', '--delete', 'FORWARD', flag, outer, '--jump', 'ACCEPT'], {
        ms: SETUP_MS,
      });
    await runProgram('iptables', ['--wait', '--table', 'nat', '--delete', ...this.#rule], { ms: SETUP_MS });
    await runProgram('ip', ['link', 'delete', outer], { ms: SETUP_MS });
    await runProgram('ip', ['netns', 'delete', this.#name], { ms: SETUP_MS });
    await this.folder.remove();
  }
}

const ip = (...args: readonly string[]): Promise<string> => succeed('ip', args, { ms: SETUP_MS });

/** @returns whether there is such a process */
function signal(pid: number, name: 'SIGTERM' | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
