import { AgentKind, type Breaker, type InputOf, type OPERATIONS } from '@roundhouse/contracts';
import { breakerView } from '../../domain/admission/breaker.ts';
import type { Caller, Deps } from '../deps.ts';

export async function listBreakers(deps: Deps): Promise<{ breakers: Breaker[] }> {
  const { breakers, nowMs } = await deps.breakers.list();
  return { breakers: AgentKind.options.map((kind) => breakerView(kind, breakers.get(kind) ?? null, nowMs)) };
}

export async function setBreaker(
  deps: Deps,
  _caller: Caller,
  { kind, state, until, reason = 'an operator opened it' }: InputOf<typeof OPERATIONS.setBreaker>,
): Promise<Breaker> {
  const at = until === undefined ? null : Date.parse(until);
  const { breaker, nowMs } = await deps.breakers.happen(
    kind,
    state === 'closed' ? { type: 'closed' } : { type: 'hit', id: deps.clock.nextId(), until: at, reason, taskId: null },
  );
  deps.log.info({ kind, state, until }, 'an operator set a breaker');
  return breakerView(kind, breaker, nowMs);
}
