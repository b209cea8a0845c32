import { ATTEMPT_QUEUE, KEY_PREFIX, attemptJobId } from '@roundhouse/contracts';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { AttemptQueue } from '../../ports/effects.ts';

/** BullMQ dispatches, it does not own: a job lives for the hand-over only, the lease owns the attempt. */
export function createBullmqAttemptQueue(redis: Redis): AttemptQueue & { close(): Promise<void> } {
  const queue = new Queue(ATTEMPT_QUEUE, { connection: redis, prefix: KEY_PREFIX });
  return {
    async enqueue(taskId, attempt) {
      const job = { taskId, attempt };
      await queue.add('attempt', job, { jobId: attemptJobId(job), removeOnComplete: true, removeOnFail: true });
    },
    close: () => queue.close(),
  };
}
