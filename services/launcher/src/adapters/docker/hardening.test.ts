import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Sandboxes, StartOrder } from '../../ports.ts';
import { isThere } from './box-file.ts';
import { assignmentOf } from '../../testing/assignment-of.ts';
import { DockerPlace, SHELL_RUNNER, noEngine } from '../../testing/docker-place.ts';
import { eventually } from '../../testing/eventually.ts';
import { shell } from '../../testing/storage-ground.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, hardening of containers: ${why}\n`);

const PROJECT = randomUUID();
let place: DockerPlace;
let sandboxes: Sandboxes;
let hubObjects: string;
/** The sibling that nothing may happen to. */
let other: StartOrder;

const newOrder = (limits: Partial<StartOrder['limits']> = {}): StartOrder => {
  const bound = { taskId: randomUUID(), attempt: 1, projectId: PROJECT };
  const assignment = assignmentOf(bound);
  return {
    ...bound,
    assignment,
    runnerToken: `secret-of-${randomUUID()}`,
    hubObjects,
    baseCommit: assignment.baseCommit,
    image: null,
    agentEnvironment: {},
    limits: { memoryMb: 256, cpus: 0.5, pids: 100, diskMb: 64, ...limits },
  };
};
const inside = (order: StartOrder, script: string): Promise<string> => place.inside(order, script);
/** Whether what the script says in the sandbox fails, and what it says then. */
const refused = async (order: StartOrder, script: string): Promise<string> => {
  const said = await inside(order, `if ${script}; then echo DONE; else echo REFUSED; fi`);
  const word = said.split('\n').find((line) => line === 'DONE' || line === 'REFUSED');
  expect([script, word]).toEqual([script, 'REFUSED']);
  return said;
};

async function started(order: StartOrder): Promise<StartOrder> {
  await sandboxes.start(order);
  await eventually(() => isThere(join(place.boxOf(order), 'up')), 'the runner is up', 20_000);
  return order;
}
async function gone(order: StartOrder): Promise<void> {
  await sandboxes.end(order);
  expect(await place.processesOf(order)).toEqual([]);
  await sandboxes.remove(order);
  await sandboxes.discard(order);
}

describe.skipIf(why !== null)('a container of a sandbox', { timeout: 60_000 }, () => {
  beforeAll(async () => {
    place = await DockerPlace.make(SHELL_RUNNER);
    hubObjects = join(place.root, 'hub/objects');
    await mkdir(hubObjects, { recursive: true });
    await writeFile(join(hubObjects, 'object'), 'an object');
    await writeFile(join(place.root, 'hub/shallow'), 'a boundary');
    sandboxes = await place.open();
    other = await started(newOrder());
  }, 60_000);
  afterAll(async () => {
    try {
      expect(await inside(other, 'echo alive')).toBe('alive');
    } finally {
      await place.clean();
    }
  }, 60_000);

  it('DS-2: runs as nobody special: no root, no capability, no new privileges, seccomp, a zombie is reaped', async () => {
    const status = await inside(other, 'cat /proc/self/status');
    expect(status).toMatch(/^Uid:\s+1000\s+1000\s+1000\s+1000$/m);
    expect(status).toMatch(/^Gid:\s+1000\s+1000\s+1000\s+1000$/m);
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) {
      expect(status).toMatch(new RegExp(`^${set}:\\s+0000000000000000$`, 'm'));
    }
    expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
    expect(status).toMatch(/^Seccomp:\s+2$/m);
    expect(await inside(other, 'tr "\\0" " " </proc/1/cmdline')).toMatch(/init/);
    await inside(other, '(sh -c "exit 0" &); sleep 0.3');
    expect(await inside(other, 'grep -l "^State:.Z" /proc/[0-9]*/status || true')).toBe('');
    expect(await inside(other, 'cat /proc/1/oom_score_adj')).toBe('200');
    expect(await inside(other, 'ulimit -c; ulimit -n')).toBe('0\n16384');
    // What root would be needed for, tried.
    await refused(other, 'mount -t tmpfs none /tmp');
    await refused(other, 'unshare --user --map-root-user true');
    await refused(other, 'mknod /tmp/disk b 7 0');
    await refused(other, 'chroot / true');
    await refused(other, 'chown 0:0 /sandbox/up');
    await refused(other, 'kill -9 1 && sleep 0.2 && ! kill -0 1');
    await refused(other, 'su -c true');
    await refused(other, 'echo 1 >/proc/sys/kernel/core_pattern');
    await refused(other, 'cat /proc/kcore');
  });

  it('DS-3: can write its box and its small temporary places, and nothing else', async () => {
    for (const path of [
      '/',
      '/etc',
      '/usr/bin',
      '/opt/roundhouse',
      '/opt/roundhouse/bin',
      '/opt/hub/objects',
      '/run',
    ]) {
      await refused(other, `echo x >${path}/planted`);
    }
    await refused(other, 'echo x >>/opt/hub/objects/object');
    await refused(other, 'echo x >>/opt/hub/shallow');
    await refused(other, 'rm /run/roundhouse/coordinator.sock');
    await refused(other, 'echo x >/run/roundhouse/planted');
    expect(await inside(other, 'cat /opt/hub/objects/object /opt/hub/shallow')).toBe('an objecta boundary');
    expect(await inside(other, 'echo x >/sandbox/a && echo x >/tmp/a && echo x >/dev/shm/a && echo ok')).toBe('ok');
    const mounts = await inside(other, 'cat /proc/mounts');
    expect(mounts).toMatch(/^\S+ \/ \S+ ro,/m);
    expect(mounts).toMatch(/^tmpfs \/tmp tmpfs rw,nosuid,nodev,.*size=65536k/m);
    expect(mounts).toMatch(/^shm \/dev\/shm tmpfs .*size=32768k/m);
    const writable = mounts.split('\n').filter((line) => / rw[, ]/.test(line));
    const places = writable
      .map((line) => line.split(' ')[1] ?? '')
      .filter((path) => !/^\/(?:proc|sys|dev)\b/.test(path));
    expect(places.toSorted()).toEqual(['/sandbox', '/tmp']);
    await refused(other, 'dd if=/dev/zero of=/tmp/fill bs=1M count=80 2>/dev/null');
    await inside(other, 'rm -f /tmp/fill');
  });

  it('DS-4: has limits on memory, processors and processes, the same that it was ordered with', async () => {
    const either = (v1: string, v2: string): Promise<string> =>
      inside(other, `cat /sys/fs/cgroup/${v1} 2>/dev/null || cat /sys/fs/cgroup/${v2}`);
    expect(await either('memory/memory.limit_in_bytes', 'memory.max')).toBe(String(256 * 1_048_576));
    expect(await either('pids/pids.max', 'pids.max')).toBe('100');
    expect(await either('cpu/cpu.cfs_quota_us', 'cpu.max')).toMatch(/^50000\b/);
    // Swap would be memory that the limit does not see.
    const swap = await either('memory/memory.memsw.limit_in_bytes', 'memory.swap.max').catch(() => '');
    if (/^\d+$/.test(swap)) expect([String(256 * 1_048_576), '0']).toContain(swap);
  });

  it('DS-5: a fork bomb stays in its box and ends with it', async () => {
    const order = await started(newOrder({ pids: 60 }));
    void inside(order, "perl -e 'while (1) { fork }'").catch(() => undefined);
    await eventually(async () => (await place.processesOf(order)).length >= 40, 'the bomb is at work', 20_000);
    expect((await place.processesOf(order)).length).toBeLessThanOrEqual(60);
    expect(await inside(other, 'sh -c "echo alive"')).toBe('alive');
    await gone(order);
  });

  it('DS-6: what fills its disk stops at its limit and takes nothing from anybody else', async () => {
    const order = await started(newOrder({ diskMb: 64 }));
    // Of what is its launcher's: others write on this disk too.
    const used = async (): Promise<number> =>
      Number((await shell(`du -sx --block-size=1 ${place.root}`)).split('\t')[0]);
    const before = await used();
    await refused(order, 'dd if=/dev/zero of=/sandbox/fill bs=1M count=300 2>/dev/null');
    const written = Number(await inside(order, 'stat -c %s /sandbox/fill'));
    expect(written).toBeGreaterThanOrEqual(60 * 1_048_576);
    expect(written).toBeLessThanOrEqual(70 * 1_048_576);
    expect(await inside(other, 'echo x >/sandbox/b && echo ok')).toBe('ok');
    expect((await used()) - before).toBeLessThan(100 * 1_048_576);
    await gone(order);
  });

  it('DS-7: who uses more memory than it may is killed, alone; that is a limit, an order to end is none', async () => {
    const order = await started(newOrder({ memoryMb: 128 }));
    const said: unknown[] = [];
    sandboxes.onExited(({ taskId }, how) => said.push([taskId, how]));
    // A child first: it is taken, the runner lives on.
    await inside(order, 'tail /dev/zero');
    expect(await inside(order, 'echo alive')).toBe('alive');
    await inside(order, 'eat memory').catch(() => undefined);
    await eventually(() => said.length > 0, 'its end is told', 20_000);
    expect(said).toEqual([[order.taskId, 137]]);
    await sandboxes.end(order);
    expect(await sandboxes.limitHit(order)).toBe('oom');
    await gone(order);

    const ended = await started(newOrder({ memoryMb: 128 }));
    await inside(ended, 'tail /dev/zero');
    await sandboxes.end(ended);
    expect(await sandboxes.limitHit(ended)).toBeNull();
    await gone(ended);
  });

  it('DS-8: reaches neither the host, nor its services, nor a sibling, nor the metadata of a cloud', async () => {
    const server = createServer((socket) => socket.end('reached'));
    server.listen(0, '0.0.0.0');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ours = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
    // What the sibling listens on is its own.
    const node = '/opt/roundhouse/bin/node';
    const listen = `require("net").createServer((s) => s.end("reached")).listen(7777, "0.0.0.0")`;
    void inside(other, `timeout 20 ${node} -e '${listen}'`).catch(() => undefined);
    const dial = (host: string, to: number): string =>
      `${node} -e 'const s = require("net").connect({host: "${host}", port: ${to}}); s.setTimeout(1500, () => process.exit(1)); s.on("error", () => process.exit(1)); s.on("connect", () => process.exit(0))'`;
    const order = await started(newOrder());
    try {
      await eventually(
        async () => (await inside(other, `${dial('127.0.0.1', 7777)} && echo yes`)) === 'yes',
        'it listens',
      );
      for (const host of ours.filter((address) => !address.includes(':'))) await refused(order, dial(host, port));
      for (const [host, to] of [
        ['127.0.0.1', 7777],
        ['169.254.169.254', 80],
        ['172.17.0.1', 6379],
        ['1.1.1.1', 53],
      ] as const) {
        await refused(order, dial(host, to));
      }
      expect(await inside(order, 'cut -d: -f1 /proc/net/dev | tail -n +3 | tr -d " "')).toBe('lo');
      await refused(order, 'getent hosts example.com');
    } finally {
      server.close();
      await gone(order);
    }
  });

  it('DS-9: finds no secret of another attempt, no process of it, no socket of the engine', async () => {
    const order = await started(newOrder());
    const own = order.runnerToken;
    // Written where an agent's secrets lie, in the sibling.
    await inside(other, `echo ${other.runnerToken} >/sandbox/token`);
    await inside(order, `echo ${own} >/sandbox/token`);
    const secrets = await inside(
      order,
      'grep -raohE "secret-of-[0-9a-f-]{36}" / --exclude-dir=sys --exclude-dir=proc --exclude-dir=dev 2>/dev/null',
    );
    expect(secrets).toBe(own);
    const processes = await inside(order, 'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | tr "\\0" "\\n"');
    expect(processes).toContain(`ROUNDHOUSE_SANDBOX=run-${order.taskId}-1`);
    expect(processes).not.toContain(other.taskId);
    expect(processes).not.toContain('secret-of-');
    expect(await inside(order, 'find / -name "docker.sock" -o -name "containerd.sock" 2>/dev/null')).toBe('');
    expect(await inside(order, 'env')).not.toMatch(/DOCKER|REDIS|TOKEN|LAUNCHER/);
    // The other one's box is a name that leads nowhere here.
    await refused(order, `ls ${place.data}`);
    await gone(order);
  });

  it('DS-10: its configuration is its user’s alone, never in arguments or environment, and gone once read', async () => {
    const order = newOrder();
    const info = async (): Promise<string> =>
      JSON.stringify(await place.docker.getContainer(`run-${order.taskId}-1`).inspect());
    await started(order);
    expect(await info()).not.toContain(order.runnerToken);
    expect(await inside(order, 'ls -A /sandbox')).not.toContain('config');
    const handle = await readFile(join(place.data, 'handles', `${place.handleOf(order).slot}.json`), 'utf8');
    expect(handle).not.toContain(order.runnerToken);
    await gone(order);
  });
});
