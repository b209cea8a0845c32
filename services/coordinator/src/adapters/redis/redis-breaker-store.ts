import { AgentKind, RoundhouseError } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import { alarmOf, nextBreaker } from '../../domain/admission/breaker.ts';
import type { Effect } from '../../domain/events.ts';
import type { BreakerStore } from '../../ports/admission.ts';
import { KEYS } from './keys.ts';
import { loadScript } from './script.ts';
import { parseBreaker, parseBreakers } from './stored-breaker.ts';

/** How often a change is decided anew because another writer was first. Each try reads what that writer wrote. */
const MAX_TRIES = 20;
const ALARM = 'breaker:';

export async function createRedisBreakerStore(redis: Redis): Promise<BreakerStore> {
  const swap = await loadScript('swap');
  const now = async (): Promise<number> => {
    const [seconds, micros] = await redis.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  };

  return {
    async list() {
      const [stored, nowMs] = await Promise.all([redis.hgetall(KEYS.breakers), now()]);
      return { breakers: parseBreakers(stored), nowMs };
    },

    async happen(kind, event) {
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const [stored, nowMs] = await Promise.all([redis.hget(KEYS.breakers, kind), now()]);
        const known = stored === null ? null : parseBreaker(stored);
        const breaker = nextBreaker(known, event, nowMs);
        // Time that has passed is written down in any case: it ends the alarm.
        if (breaker === known && event.type !== 'time_passed') return { breaker, nowMs };
        const effects: Effect[] = event.type === 'hit' ? [] : [{ type: 'admit', coordinatorId: null }];
        const alarm = alarmOf(breaker, nowMs);
        const swapped = await swap.run(
          redis,
          [KEYS.breakers, KEYS.outbox, KEYS.alarms],
          [
            kind,
            stored ?? '',
            breaker === known ? (stored ?? '') : breaker === null ? '' : JSON.stringify(breaker),
            JSON.stringify(effects.map((effect) => JSON.stringify(effect))),
            `${ALARM}${kind}`,
            alarm ?? '',
          ],
        );
        if (swapped === 1) return { breaker, nowMs };
      }
      throw new RoundhouseError(
        'version_conflict',
        `the breaker of ${kind} agents changed ${MAX_TRIES} times meanwhile`,
      );
    },

    async due() {
      const names = await redis.zrangebyscore(KEYS.alarms, '-inf', await now());
      return names.flatMap((name) => AgentKind.safeParse(name.slice(ALARM.length)).data ?? []);
    },
  };
}
