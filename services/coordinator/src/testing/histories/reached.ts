import type { Snapshot } from './snapshot.ts';
import type { World } from './world.ts';

/** Where histories have been, by name, and how often: they are worth something only if they get everywhere. */
export type Reached = Map<string, number>;

export const note = (reached: Reached, place: string, times = 1): void =>
  void reached.set(place, (reached.get(place) ?? 0) + times);

export function noteStore(reached: Reached, { tasks, coordinators }: Snapshot): void {
  for (const { record } of tasks.values()) {
    const { lifecycle, landing, completion, delivery, admission, attempt } = record;
    note(reached, `lifecycle ${lifecycle.state}`);
    if ('end' in lifecycle) note(reached, `end ${lifecycle.end.kind}`);
    note(reached, `landing ${landing.state}`);
    note(reached, `completion ${completion.state}`);
    note(reached, `delivery ${delivery.state}`);
    note(reached, `admission ${admission.state === 'held' ? admission.by : 'admitted'}`);
    note(reached, `attempt ${attempt}`);
  }
  for (const { events } of coordinators)
    for (const { event } of events) for (const kind of event.kinds) note(reached, `event ${kind}`);
}

export function noteCalls(reached: Reached, { outcomes }: World): void {
  for (const [outcome, times] of outcomes) note(reached, outcome, times);
}
