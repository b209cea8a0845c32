import { describe, expect, it } from 'vitest';
import { type ContainerOrder, containerSpec } from './container-spec.ts';

const order: ContainerOrder = {
  image: 'an-image:1',
  imageFacts: { environment: ['PATH=/bin', 'NODE_OPTIONS=--require /x.js'], volumes: [] },
  labels: { a: 'label' },
  mark: 'run-x-1',
  argv: ['--config', '/sandbox/config.json'],
  user: { uid: 1_000, gid: 1_000 },
  limits: { memoryMb: 4_096, cpus: 2, pids: 512, diskMb: 10_240 },
  engineCpus: 8,
  box: '/data/slots/x/disk/box',
  seesMounts: true,
  isDiskHeld: true,
  readOnly: [{ source: '/tree', target: '/opt/roundhouse' }],
  environment: {},
};
const specOf = (changes: Partial<ContainerOrder> = {}): ReturnType<typeof containerSpec> =>
  containerSpec({ ...order, ...changes });
const ulimit = (changes: Partial<ContainerOrder>, name: string): unknown =>
  specOf(changes).HostConfig?.Ulimits?.find(({ Name }) => Name === name);

describe('the options of a container', () => {
  it('DS-2: give no right beyond those of any program, whatever is ordered', () => {
    const { User, HostConfig, Entrypoint, NetworkDisabled } = specOf();
    expect({ User, Entrypoint, NetworkDisabled }).toEqual({
      User: '1000:1000',
      Entrypoint: ['/opt/roundhouse/bin/node'],
    });
    expect(HostConfig).toMatchObject({
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      NetworkMode: 'none',
      IpcMode: 'private',
      Privileged: false,
      Init: true,
      AutoRemove: false,
    });
    for (const key of [
      'CapAdd',
      'Binds',
      'Devices',
      'PidMode',
      'UsernsMode',
      'GroupAdd',
      'MaskedPaths',
      'ReadonlyPaths',
    ]) {
      expect(HostConfig).not.toHaveProperty(key);
    }
  });

  it('DS-4: hold it to what it may use, swap included, and promise no more than the engine has', () => {
    const { Memory, MemorySwap, PidsLimit, NanoCpus } = specOf().HostConfig ?? {};
    expect([Memory, MemorySwap, PidsLimit, NanoCpus]).toEqual([4_294_967_296, 4_294_967_296, 512, 2e9]);
    expect(specOf({ engineCpus: 1 }).HostConfig?.NanoCpus).toBe(1e9);
    expect(specOf().HostConfig?.Tmpfs?.['/tmp']).toBe('rw,exec,nosuid,nodev,size=1024m,mode=1777');
    expect(specOf({ limits: { ...order.limits, memoryMb: 64 } }).HostConfig?.Tmpfs?.['/tmp']).toContain('size=16m');
  });

  it('DS-6: hold each file to the disk limit where nothing else holds the whole', () => {
    expect(ulimit({}, 'fsize')).toBeUndefined();
    const bytes = 10_240 * 1_048_576;
    expect(ulimit({ isDiskHeld: false }, 'fsize')).toEqual({ Name: 'fsize', Soft: bytes, Hard: bytes });
  });

  it('DS-3: bind the box alone to be written, and see the launcher’s mounts only where it makes some', () => {
    const mounts = (changes: Partial<ContainerOrder>): unknown => specOf(changes).HostConfig?.Mounts;
    expect(mounts({})).toEqual([
      { Type: 'bind', Source: order.box, Target: '/sandbox', BindOptions: { Propagation: 'rslave' } },
      { Type: 'bind', Source: '/tree', Target: '/opt/roundhouse', ReadOnly: true },
    ]);
    expect(mounts({ seesMounts: false })).toMatchObject([{ BindOptions: { Propagation: 'rprivate' } }, {}]);
  });

  it('DS-17: shadow the volumes that an image declares: they would be disk of the host without a limit', () => {
    const imageFacts = { environment: [], volumes: ['/data', '/tmp', '/sandbox', '/opt/roundhouse/x', '/sandboxes'] };
    expect(Object.keys(specOf({ imageFacts }).HostConfig?.Tmpfs ?? {}).toSorted()).toEqual([
      '/data',
      '/sandboxes',
      '/tmp',
    ]);
  });

  it('DS-17: take the variables away that would change how the runner’s Node starts, and name a locale if nobody does', () => {
    expect(specOf().Env).toEqual([
      'LANG=C.UTF-8',
      'HOME=/sandbox',
      'TMPDIR=/tmp',
      'ROUNDHOUSE_SANDBOX=run-x-1',
      'NODE_OPTIONS',
      'NODE_PATH',
      'LD_PRELOAD',
      'LD_LIBRARY_PATH',
      'LD_AUDIT',
    ]);
    const imageFacts = { environment: ['LC_ALL=de_DE.UTF-8'], volumes: [] };
    expect(specOf({ imageFacts }).Env?.join()).not.toContain('LANG=');
  });
});
