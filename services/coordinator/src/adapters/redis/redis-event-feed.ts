import { TaskEvent } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import type { EventFeed, FeedEvent } from '../../ports.ts';
import { KEYS } from './keys.ts';

type Listener = (event: FeedEvent | null) => void;

/** Listeners by key, called in the order in which they came. */
class Listeners {
  readonly #byKey = new Map<string, Set<Listener>>();

  add(key: string, listener: Listener): () => void {
    const set = this.#byKey.get(key) ?? new Set();
    this.#byKey.set(key, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.#byKey.get(key) === set) this.#byKey.delete(key);
    };
  }

  call(key: string, event: FeedEvent): void {
    for (const listener of this.#byKey.get(key) ?? []) listener(event);
  }

  callAll(): void {
    for (const set of this.#byKey.values()) for (const listener of set) listener(null);
  }
}

/** Reads what `commit.lua` publishes. `redis` is a connection of its own: a subscriber can do nothing else. */
export async function createRedisEventFeed(redis: Redis): Promise<EventFeed> {
  const byCoordinator = new Listeners();
  const byTask = new Listeners();
  redis.on('message', (_channel, message) => {
    const { id, event } = JSON.parse(message) as { id: string; event: unknown };
    const parsed = { id, event: TaskEvent.parse(event) };
    byTask.call(parsed.event.taskId, parsed);
    byCoordinator.call(parsed.event.coordinatorId, parsed);
  });
  await redis.subscribe(KEYS.channel);
  // What was published while the connection was away is lost, so everybody looks for themselves: once Redis has confirmed
  // that it is subscribed again, since what is published between a look and that is lost as well.
  const lookAgain = async (): Promise<void> => {
    await redis.subscribe(KEYS.channel);
    byTask.callAll();
    byCoordinator.callAll();
  };
  // Where the connection is cut before the answer, the next one is asked.
  redis.on('ready', () => void lookAgain().catch(() => undefined));
  return {
    onCoordinator: (coordinatorId, listener) => byCoordinator.add(coordinatorId, listener),
    onTask: (taskId, listener) => byTask.add(taskId, listener),
  };
}
