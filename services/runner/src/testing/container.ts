import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdir, realpath, writeFile } from 'node:fs/promises';
import { type Server, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type RunnerConfig, SANDBOX_MARK } from '@roundhouse/contracts';
import { type AttemptConfig, type Exit, type Sandbox, WAITING_MARK } from './sandbox.ts';

const run = promisify(execFile);
/** It has neither Node nor git: the one comes with the runner tree, the other is lent by this machine. */
const IMAGE = 'debian:bookworm-slim';
const UID = 1000;
const TREE_SCRIPT = fileURLToPath(new URL('../../../../scripts/runner-tree.mjs', import.meta.url));

/** Why no container can be run here, or null where it can. */
export async function whyNoContainers(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'not root';
  return run('docker', ['image', 'inspect', IMAGE]).then(
    () => null,
    () => `no Docker engine with the image ${IMAGE}`,
  );
}

/** The runner tree, made anew at `folder`. */
export async function makeTree(folder: string): Promise<void> {
  await run(process.execPath, [TREE_SCRIPT, '--out', folder]);
}

/** This machine's git with its libraries, as mounts; both are of the same Debian. */
async function gitMounts(): Promise<string[]> {
  const core = '/usr/lib/git-core';
  const paths = new Set(['/usr/bin/git', core]);
  for (const program of ['/usr/bin/git', join(core, 'git-remote-http')]) {
    const { stdout } = await run('ldd', [program]);
    for (const [, library] of stdout.matchAll(/=> (\/\S+)/g)) if (library !== undefined) paths.add(library);
  }
  const ofImage = /\/(?:libc|ld-linux[^/]*|libpthread|libdl|libm)\.so/;
  const lent = [...paths].filter((path) => !ofImage.test(path));
  const mounts = await Promise.all(lent.map(async (path) => ['-v', `${await realpath(path)}:${path}:ro`]));
  return mounts.flat();
}

export interface Bounds {
  readonly memoryMb?: number;
  readonly pids?: number;
}

/** A hardened container with a runner in it, as a launcher makes one; its only way out is one door. */
export class Container {
  readonly exited: Promise<Exit>;
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #relay: Server;
  log = '';

  private constructor(name: string, child: ChildProcess, relay: Server) {
    this.name = name;
    this.#child = child;
    this.#relay = relay;
    child.stderr?.on('data', (data: Buffer) => (this.log += data.toString('utf8')));
    this.exited = new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
  }

  /** What a runner's configuration is within the container. */
  static configOf(sandbox: Sandbox, change: Partial<AttemptConfig> = {}): AttemptConfig {
    return sandbox.attemptConfig({
      folder: '/sandbox',
      isolated: true,
      coordinatorUrl: 'http://127.0.0.1:7400',
      mcpUrl: 'http://127.0.0.1:7401/mcp',
      hubObjects: '/opt/hub/objects',
      doors: [{ port: 7400, socket: '/run/roundhouse/coordinator.sock' }],
      ...change,
    });
  }

  /** With a configuration it runs that; without one it waits for its attempt. */
  static async start(
    sandbox: Sandbox,
    tree: string,
    config: RunnerConfig | null,
    bounds: Bounds = {},
  ): Promise<Container> {
    const doors = join(sandbox.root, 'doors');
    await mkdir(doors, { recursive: true });
    const relay = await relayTo(join(doors, 'coordinator.sock'), new URL(sandbox.coordinator.url));
    await chown(sandbox.folder, UID, UID);
    if (config !== null) {
      const file = join(sandbox.folder, 'config.json');
      await writeFile(file, JSON.stringify(config), { mode: 0o600 });
      await chown(file, UID, UID);
    }
    const name = `rh-runner-test-${randomUUID()}`;
    const { memoryMb = 512, pids = 256 } = bounds;
    const how = config === null ? ['--await', '/sandbox/hand-over.sock'] : ['--config', '/sandbox/config.json'];
    const mark = config === null ? WAITING_MARK : sandbox.mark;
    const args = [
      ['run', '--name', name, '--rm', '--init', '--network', 'none', '--read-only', '--user', `${UID}:${UID}`],
      ['--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--pids-limit', String(pids)],
      ['--memory', `${memoryMb}m`, '--memory-swap', `${memoryMb}m`, '--tmpfs', '/tmp:size=128m,mode=1777'],
      // What a test does to its processors must not be felt by those beside it.
      ['--cpu-shares', '128', '--env', `${SANDBOX_MARK}=${mark}`],
      ['-v', `${sandbox.folder}:/sandbox`, '-v', `${tree}:/opt/roundhouse:ro`, '-v', `${doors}:/run/roundhouse:ro`],
      ['-v', `${join(sandbox.hub, 'objects')}:/opt/hub/objects:ro`],
      await gitMounts(),
      [IMAGE, '/opt/roundhouse/bin/node', '/opt/roundhouse/services/runner/dist/bundle/main.js', ...how],
    ].flat();
    return new Container(name, spawn('docker', args, { stdio: ['ignore', 'ignore', 'pipe'] }), relay);
  }

  async remove(): Promise<void> {
    await run('docker', ['rm', '--force', this.name]).catch(() => undefined);
    await this.exited;
    this.#child.removeAllListeners();
    await new Promise<void>((resolve) => this.#relay.close(() => resolve()));
  }
}

/** What the relay does for this door. */
async function relayTo(path: string, { hostname, port }: URL): Promise<Server> {
  const relay = createServer((inner) => {
    const outer = connect(Number(port), hostname);
    inner.pipe(outer).pipe(inner);
    inner.on('error', () => outer.destroy()).on('close', () => outer.destroy());
    outer.on('error', () => inner.destroy()).on('close', () => inner.destroy());
  }).listen(path);
  await once(relay, 'listening');
  await chmod(path, 0o666);
  return relay;
}
