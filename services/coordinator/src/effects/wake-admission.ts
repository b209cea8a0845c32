import type { EffectDeps } from './execute-effects.ts';

const EVERY_MS = 1_000;

/**
 * Wakes admission where no commit does: at the start, for what a process that ended left undone or another limit allows, and
 * when time has changed a breaker. Instants are looked at every second, as the leases are: a timer of one process would
 * not outlive it. Resolves once it has stopped.
 */
export function wakeAdmission({ admit, breakers, log }: EffectDeps, signal: AbortSignal): Promise<void> {
  let looking: Promise<void> | null = null;
  const look = async (first: boolean): Promise<void> => {
    try {
      for (const kind of await breakers.due()) await breakers.happen(kind, { type: 'time_passed' });
      if (first) await admit(null);
    } catch (error) {
      log.warn({ err: error }, 'who may start could not be looked at; the next look is in a second');
      if (first && !signal.aborted) missed = true;
    }
  };
  let missed = true;
  const lookAlone = (): void => {
    if (looking !== null) return;
    const first = missed;
    missed = false;
    looking = look(first).finally(() => (looking = null));
  };
  lookAlone();
  const every = setInterval(lookAlone, EVERY_MS);
  return new Promise((resolve) => {
    const stop = (): void => {
      clearInterval(every);
      void (looking ?? Promise.resolve()).then(resolve);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
