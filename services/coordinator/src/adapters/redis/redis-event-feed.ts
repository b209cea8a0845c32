import { TaskEvent } from '@roundhouse/contracts';
import type { Redis } from 'ioredis';
import type { EventFeed, FeedEvent } from '../../ports/events.ts';
import { KEYS } from './keys.ts';
import { Listeners } from './listeners.ts';

/** Reads what `commit.lua` publishes. `redis` is a connection of its own: a subscriber can do nothing else. */
export async function createRedisEventFeed(redis: Redis): Promise<EventFeed> {
  const byCoordinator = new Listeners<FeedEvent | null>();
  const byTask = new Listeners<FeedEvent | null>();
  redis.on('message', (channel, message) => {
    if (channel !== KEYS.channel) return;
    const { id, event } = JSON.parse(message) as { id: string; event: unknown };
    const parsed = { id, event: TaskEvent.parse(event) };
    // Where it is of a commit of this process, that is answered in the same turn of the loop, and goes first.
    setImmediate(() => {
      byTask.call(parsed.event.taskId, parsed);
      byCoordinator.call(parsed.event.coordinatorId, parsed);
    });
  });
  await redis.subscribe(KEYS.channel);
  // What was published while the connection was away is lost, so everybody looks for themselves: once Redis has confirmed
  // that it is subscribed again, since what is published between a look and that is lost as well.
  const lookAgain = async (): Promise<void> => {
    await redis.subscribe(KEYS.channel);
    byTask.callAll(null);
    byCoordinator.callAll(null);
  };
  // Where the connection is cut before the answer, the next one is asked.
  redis.on('ready', () => void lookAgain().catch(() => undefined));
  return {
    onCoordinator: (coordinatorId, listener) => byCoordinator.add(coordinatorId, listener),
    onTask: (taskId, listener) => byTask.add(taskId, listener),
  };
}
