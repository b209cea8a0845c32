import { LAUNCHER_TIMES, LauncherState } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import type { Launchers } from '../../ports/launchers.ts';
import { KEYS } from './keys.ts';
import { loadScript } from './script.ts';

export async function createRedisLaunchers(redis: Redis): Promise<Launchers> {
  const reportScript = await loadScript('report-launcher');
  const listScript = await loadScript('list-launchers');
  const keys = [KEYS.launchers, KEYS.launchersSeen];

  return {
    async report(state) {
      await reportScript.run(redis, keys, [state.id, JSON.stringify(state), LAUNCHER_TIMES.ttlMs]);
    },
    async list() {
      const states = (await listScript.run(redis, keys, [])) as string[];
      return states
        .map((state) => LauncherState.parse(JSON.parse(state)))
        .sort((a, b) => a.host.localeCompare(b.host) || a.id.localeCompare(b.id));
    },
  };
}
