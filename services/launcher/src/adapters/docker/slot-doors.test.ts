import { once } from 'node:events';
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SandboxesAwayError } from '../../ports.ts';
import { DoorsDouble } from '../../testing/doors-double.ts';
import { SlotDoors } from './slot-doors.ts';

const SLOT = '0123456789ab';
let folder: string;
let relay: DoorsDouble;
let doors: SlotDoors;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rh-slot-doors-'));
  await chmod(folder, 0o755);
  relay = new DoorsDouble(folder);
  doors = await SlotDoors.open(folder);
});
afterEach(async () => {
  await relay.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('the doors of a slot', () => {
  it('DS-24: its folder is 0755 whatever the umask, appears whole, and is made once', async () => {
    const umask = process.umask(0o077);
    await doors.make(SLOT).finally(() => process.umask(umask));
    const made = await stat(doors.pathOf(SLOT));
    expect(made.mode & 0o7777).toBe(0o755);
    await doors.make(SLOT);
    expect((await stat(doors.pathOf(SLOT))).ino).toBe(made.ino);
    expect(await readdir(folder)).toEqual([SLOT]);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'DS-24: it belongs to the relay’s user, as the folder of them all does',
    async () => {
      await chown(folder, 10_001, 10_001);
      await doors.make(SLOT);
      const { uid, gid } = await stat(doors.pathOf(SLOT));
      expect([uid, gid]).toEqual([10_001, 10_001]);
    },
  );

  it('DS-25: are waited for until the relay answers there', async () => {
    await doors.make(SLOT);
    const opened = doors.opened(SLOT);
    await relay.start();
    await opened;
    await doors.opened(SLOT);
  });

  it('DS-25: a socket that an earlier relay left is waited at for the next one', async () => {
    await relay.start();
    await doors.make(SLOT);
    await doors.opened(SLOT);
    await relay.stop();
    let isOpen = false;
    const opened = doors.opened(SLOT).then(() => (isOpen = true));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isOpen).toBe(false);
    await relay.start();
    await opened;
  });

  it('DS-25: without a relay, sandboxes are away after a bound, with the door in words; a signal ends the wait', async () => {
    await doors.make(SLOT);
    const stopping = new AbortController();
    const stopped = doors.opened(SLOT, stopping.signal);
    stopping.abort(new Error('we stop'));
    await expect(stopped).rejects.toThrow('we stop');
    const began = performance.now();
    const late = doors.opened(SLOT);
    await expect(late).rejects.toThrow(`the relay has not opened its door ${folder}/${SLOT}/coordinator.sock`);
    await expect(late).rejects.toBeInstanceOf(SandboxesAwayError);
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  it('DS-26: go at once with all that is in them; twice is fine', async () => {
    await relay.start();
    await doors.make(SLOT);
    await doors.opened(SLOT);
    const path = join(doors.pathOf(SLOT), 'coordinator.sock');
    await doors.remove(SLOT);
    await doors.remove(SLOT);
    expect(await readdir(folder)).toEqual([]);
    const [error] = (await once(connect(path), 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ENOENT');
  });

  it('DS-26: those that nobody speaks of are swept, what was half removed too, and nothing that is no slot’s', async () => {
    const [known, stray] = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb'];
    for (const slot of [known, stray]) await doors.make(slot);
    for (const slot of [stray, 'cccccccccccc']) await mkdir(join(folder, `.removed-${slot}/sub`), { recursive: true });
    await mkdir(join(folder, '.new-dddddddddddd'));
    await mkdir(join(folder, 'own'));
    await writeFile(join(folder, 'coordinator.sock'), '');
    await doors.sweep((slot) => slot === known);
    expect(await readdir(folder)).toEqual(['.new-dddddddddddd', known, 'coordinator.sock', 'own']);
    await doors.forgetHalfMade();
    expect(await readdir(folder)).toEqual([known, 'coordinator.sock', 'own']);
  });
});
