import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '@roundhouse/contracts';
import { DockerPlace, IMAGE, noEngine } from './testing/docker-place.ts';
import { eventually } from './testing/eventually.ts';
import { LauncherPlace } from './testing/launcher-place.ts';
import { PROFILE } from './testing/coordinator-double.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, launcher with containers: ${why}\n`);

let place: LauncherPlace;
let docker: DockerPlace;

beforeEach(async () => {
  place = await LauncherPlace.make();
  // Its runner tree and its doors; the launcher opens the sandboxes itself.
  docker = await DockerPlace.make();
});
afterEach(async () => {
  await docker.clean();
  await place.clean();
});

const environment = (): NodeJS.ProcessEnv => ({
  ROUNDHOUSE_SANDBOX_KIND: 'docker',
  ROUNDHOUSE_RUNNER_TREE: `${docker.root}/tree`,
  ROUNDHOUSE_DOORS: `${docker.root}/doors`,
  ROUNDHOUSE_IMAGE: IMAGE,
});
const state = (): Record<string, unknown> | undefined => place.coordinator.toldOf('reportLauncher').at(-1);

describe('launcher with containers', { timeout: 120_000 }, () => {
  it.skipIf(process.getuid?.() !== 0)(
    'L-14: starts where there is no engine, says so, takes nothing, and stops',
    async () => {
      const launcher = await place.launch({ ...environment(), ROUNDHOUSE_DOCKER_SOCKET: `${docker.root}/no.sock` });
      await eventually(state, 'it says how it is');
      expect(state()).toMatchObject({ sandboxes: 'docker', ready: false });
      expect(String(state()?.['reason'])).toContain('no.sock');
      await place.addOne();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(place.coordinator.toldOf('claimAttempt')).toEqual([]);
      expect(await place.stop(launcher)).toBe(0);
    },
  );

  it.skipIf(why !== null)('WP-8: attempts run in warm containers and in cold ones; "stop" leaves none', async () => {
    const limits = { ...PROFILE.limits, memoryMb: 256, diskMb: 64 };
    expect(limits.pids).toBe(DEFAULT_LIMITS.pids);
    place.coordinator.runnerWord = 'idle';
    place.coordinator.archiveWord = 'archived';
    const claim = place.coordinator.claim;
    const own = { hubObjects: docker.root, limits };
    place.coordinator.claim = (input) => ({ ...(claim(input) as object), ...own });
    place.coordinator.prepare = [{ ...PROFILE, ...own }];
    const launcher = await place.launch({ ...environment(), ROUNDHOUSE_WARM_MIN: '1', ROUNDHOUSE_WARM_MAX: '1' });
    const names = async (): Promise<string[]> =>
      (await docker.docker.listContainers({ filters: { label: ['roundhouse.install'] } }))
        .filter(({ Mounts }) => Mounts.some(({ Source }) => Source?.startsWith(place.root)))
        .flatMap(({ Names }) => Names);
    await eventually(async () => (await names()).some((name) => name.startsWith('/warm-')), 'one is warm', 60_000);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const jobs = await place.add(2);
    const expected = jobs.map(({ taskId }) => `/run-${taskId}-1`);
    await eventually(
      async () => {
        const now = await names();
        return expected.every((name) => now.includes(name)) || null;
      },
      'both run',
      60_000,
    );
    await eventually(() => state()?.['running'] === 2, 'it says so', 15_000);
    expect(await place.stop(launcher)).toBe(0);
    expect(await names()).toEqual([]);
    expect(place.coordinator.toldOf('reportGone')).toHaveLength(2);
  });
});
