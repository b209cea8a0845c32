import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Ground,
  USER,
  makeGround,
  mountsUnder,
  unmountByHand,
  whyNoMounts,
} from '../../testing/storage-ground.ts';
import { openSlotStorage } from './open-slot-storage.ts';

const run = promisify(execFile);
const docker = new Docker({ socketPath: '/var/run/docker.sock' });
/** Has mount, e2fsprogs and Node, as the launcher's own image does. */
const IMAGE = 'node:22-bookworm-slim';
const REPOSITORY = fileURLToPath(new URL('../../../../../', import.meta.url));
const BUILT = join(REPOSITORY, 'services/launcher/dist/adapters/storage/open-slot-storage.js');

const why = await whyNot();
if (why !== null) process.stderr.write(`skipped, mounts that containers see: ${why}\n`);

async function whyNot(): Promise<string | null> {
  const mounts = whyNoMounts();
  if (mounts !== null || process.env['CI'] === 'true') return mounts;
  return await docker
    .getImage(IMAGE)
    .inspect()
    .then(() => null)
    .catch((error: Error) => `no Docker engine with the image ${IMAGE}: ${error.message}`);
}

describe.skipIf(why !== null)('slots and containers', { timeout: 60_000 }, () => {
  let ground: Ground;
  const containers: Docker.Container[] = [];
  beforeEach(async () => (ground = await makeGround()));
  afterEach(async () => {
    await Promise.all(containers.splice(0).map((container) => container.remove({ force: true })));
    await ground.end();
  });

  it('SS-14: a container that runs already sees its worktree, and its end frees everything', async () => {
    const storage = await openSlotStorage({ root: ground.root, mounts: 'auto', ...USER, log: ground.log });
    const checkout = join(ground.root, 'checkouts/p/c/worktree');
    await mkdir(checkout, { recursive: true });
    await writeFile(join(checkout, 'a'), 'as it was\n');
    const box = await storage.make('s1', { diskMb: 64 });
    const container = await docker.createContainer({
      Image: IMAGE,
      User: '1000:1000',
      Cmd: ['sleep', '60'],
      HostConfig: {
        NetworkMode: 'none',
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        Mounts: [{ Type: 'bind', Source: box, Target: '/sandbox', BindOptions: { Propagation: 'rslave' } }],
      },
    });
    containers.push(container);
    await container.start();
    const ahead = join(ground.root, 'checkouts/p/ahead/worktree');
    await mkdir(ahead, { recursive: true });
    await storage.lay('s1', ahead);
    await storage.lay('s1', checkout);
    const inside = async (script: string): Promise<string> =>
      (await run('docker', ['exec', container.id, 'sh', '-c', script])).stdout;
    expect(await inside('cd /sandbox/worktree && cat a && echo new > b && ls && ls -a /sandbox')).toBe(
      'as it was\na\nb\n.\n..\nworktree\n',
    );
    const full = Number(await inside('head -c 200M /dev/urandom > /sandbox/big; stat -c %s /sandbox/big'));
    expect(full / 1_048_576).toBeGreaterThan(62);
    expect(full / 1_048_576).toBeLessThan(68);
    await container.kill();
    await storage.remove('s1');
    await storage.discard('s1');
    expect(await mountsUnder(join(ground.root, 'gone'))).toEqual([]);
    await storage.close();
  });

  it('SS-15: a launcher that is a container does the same with what it is given, and names what it lacks', async () => {
    const bare = await inContainer('private', {});
    expect(bare.said).toMatchObject({ worktrees: 'checkout', isDiskHeld: false });
    expect(bare.said.note).toContain('/data is not shared with the host');
    const shared = await inContainer('rshared', {});
    expect(shared.said).toMatchObject({ worktrees: 'checkout', isDiskHeld: false });
    expect(shared.said.note).toContain('SYS_ADMIN');
    const rights = { CapAdd: ['SYS_ADMIN'], SecurityOpt: ['apparmor=unconfined'] };
    const mounting = await inContainer('rshared', rights);
    expect(mounting.said).toMatchObject({ worktrees: 'overlay', isDiskHeld: false });
    expect(mounting.said.note).toContain('“b 7:* rmw”');
    expect(mounting.seen).toBe('as it was');
    const rules = { DeviceCgroupRules: ['b 7:* rmw', 'c 10:237 rmw'] };
    const whole = await inContainer('rshared', { ...rights, ...rules });
    expect(whole.said).toEqual({ worktrees: 'overlay', isDiskHeld: true, note: null });
    expect(whole.seen).toBe('as it was');
  });

  /** Opens a storage in a container and lays a worktree where it can; answers what it said and what the host sees of it. */
  async function inContainer(
    propagation: 'private' | 'rshared',
    rights: Docker.HostConfig,
  ): Promise<{ said: { worktrees: string; isDiskHeld: boolean; note: string | null }; seen: string | null }> {
    const root = await mkdtemp(join(ground.root, 'c-'));
    // As a host under systemd has it: a container can share only what is shared there.
    await run('mount', ['--bind', root, root]);
    await run('mount', ['--make-rshared', root]);
    const script = `
      const { openSlotStorage } = await import('${BUILT}');
      const { mkdir, writeFile } = await import('node:fs/promises');
      const say = () => undefined;
      const log = { debug: say, info: say, warn: say, error: say };
      const storage = await openSlotStorage({ root: '/data', mounts: 'auto', uid: 1000, gid: 1000, log });
      await storage.make('s1', { diskMb: 64 });
      await mkdir('/data/checkout/worktree', { recursive: true });
      await writeFile('/data/checkout/worktree/a', 'as it was');
      if (storage.worktrees === 'overlay') await storage.lay('s1', '/data/checkout/worktree');
      const { worktrees, isDiskHeld, note } = storage;
      await writeFile('/data/said.json', JSON.stringify({ worktrees, isDiskHeld, note }));
      await storage.close();`;
    const container = await docker.createContainer({
      Image: IMAGE,
      Cmd: ['node', '--input-type=module', '-e', script],
      HostConfig: {
        NetworkMode: 'none',
        Mounts: [
          { Type: 'bind', Source: root, Target: '/data', BindOptions: { Propagation: propagation } },
          { Type: 'bind', Source: REPOSITORY, Target: REPOSITORY, ReadOnly: true },
        ],
        ...rights,
      },
    });
    containers.push(container);
    await container.start();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    const words = (await container.logs({ stdout: true, stderr: true })).toString();
    expect({ StatusCode, words }).toMatchObject({ StatusCode: 0 });
    const said = JSON.parse(await readFile(join(root, 'said.json'), 'utf8')) as never;
    const seen = await readFile(join(root, 'slots/s1/disk/box/worktree/a'), 'utf8').catch(() => null);
    await container.remove();
    containers.pop();
    await unmountByHand(root);
    return { said, seen };
  }
});
