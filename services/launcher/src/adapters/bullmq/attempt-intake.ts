import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ATTEMPT_QUEUE, AttemptJob, KEY_PREFIX } from '@roundhouse/contracts';
import type { Logger } from '@roundhouse/host';
import { type Job, Worker } from 'bullmq';
import { backoffMs } from '../../domain/backoff.ts';
import type { Opening, Openings } from '../../handlers/openings.ts';
import type { Reservation, Slots } from '../../handlers/slots.ts';
import type { AttemptRef } from '../../ports.ts';
import { connectRedis } from './redis-connection.ts';

export interface IntakeOptions {
  readonly redis: string;
  readonly slots: Slots;
  /** Says when an attempt may be taken. */
  readonly openings: Pick<Openings, 'enter'>;
  readonly handOver: (ref: AttemptRef, place: Reservation, opening: Opening) => Promise<'done' | 'later'>;
  readonly log: Logger;
}

export interface Intake {
  /** Takes no further attempt; resolves when the hand-overs that are under way have ended. */
  stop(): Promise<void>;
}

/** A hand-over takes milliseconds. When its launcher dies in it, another has the job after these two times. */
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5_000;
/** How long one look at an empty queue blocks, seconds: a stop waits for it. */
const BLOCK_S = 1;
/** Until an attempt that could not be handed over comes again; more tries, longer pauses. */
const MAX_PAUSE_MS = 5_000;

/**
 * Takes attempts from the queue, each only when there is a place and an opening for it, so that what waits stays where
 * another launcher can have it. A job lives for the hand-over only: it is gone when the sandbox runs, put back when the coordinator is
 * away (what changes between the tries is the coordinator; what stops them is its answer), and comes again by BullMQ's
 * check for stalled jobs when this process dies. A claim is idempotent, so a job that comes twice starts once.
 */
export function startIntake(options: IntakeOptions): Intake {
  const { log } = options;
  const connection = connectRedis(options.redis);
  const worker = new Worker(ATTEMPT_QUEUE, null, {
    connection,
    prefix: KEY_PREFIX,
    autorun: false,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    // Each count is a launcher that died at the wrong moment, which is no fault of the attempt's.
    maxStalledCount: 1_000,
    runRetryDelay: 1_000,
    drainDelay: BLOCK_S,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  });
  const outage = outageLog(log);
  worker.on('error', outage.failed);
  connection.on('error', outage.failed);
  void worker.startStalledCheckTimer().catch(outage.failed);

  const stopping = new AbortController();
  const underWay = new Set<Promise<void>>();
  const taking = take(worker, options, stopping.signal, underWay, outage);
  return {
    stop: async () => {
      stopping.abort();
      // What a block that ends now still hands out is handed over like the rest; closing under it would strand the job
      // until its lock is over. Only a Redis that is away keeps the block open for longer than its own bound.
      await Promise.race([taking, delay(2 * BLOCK_S * 1_000, undefined, { ref: false })]);
      await Promise.allSettled(underWay);
      await worker.close(true).catch(outage.failed);
      connection.disconnect();
    },
  };
}

/**
 * One loop, not one a start: a BullMQ worker blocks for one caller at a time and answers the others "nothing" at once,
 * so a second loop would spin. It hands over and goes on, so starts still overlap.
 */
async function take(
  worker: Worker,
  { slots, openings, handOver, log }: IntakeOptions,
  signal: AbortSignal,
  underWay: Set<Promise<void>>,
  outage: OutageLog,
): Promise<void> {
  while (!signal.aborted) {
    const place = await slots.reserve(signal).catch(() => null);
    const opening = await openings.enter(signal).catch(() => null);
    const token = randomUUID();
    const job = place === null || opening === null ? null : await next(worker, token, signal, outage);
    if (job === null || place === null || opening === null) {
      place?.cancel();
      opening?.decided();
      continue;
    }
    const work = handle(job, token, (ref) => handOver(ref, place, opening), log).finally(() => {
      place.cancel();
      opening.decided();
      underWay.delete(work);
    });
    underWay.add(work);
  }
}

/** The next job, or null after some seconds without one. */
async function next(worker: Worker, token: string, signal: AbortSignal, outage: OutageLog): Promise<Job | null> {
  try {
    const job = await worker.getNextJob(token, { block: true });
    outage.over();
    return job ?? null;
  } catch (error) {
    outage.failed(error);
    await delay(1_000, undefined, { signal }).catch(() => undefined);
    return null;
  }
}

async function handle(
  job: Job,
  token: string,
  handOver: (ref: AttemptRef) => Promise<'done' | 'later'>,
  log: Logger,
): Promise<void> {
  const parsed = AttemptJob.safeParse(job.data);
  const extending = setInterval(() => {
    job
      .extendLock(token, LOCK_MS)
      .catch((error: unknown) => log.warn({ err: error, job: job.id }, 'a lock could not be extended'));
  }, LOCK_MS / 3);
  try {
    if (!parsed.success) log.error({ job: job.id }, 'the queue holds something that is no attempt; it is dropped');
    const outcome = parsed.success ? await handOver(parsed.data) : 'done';
    if (outcome === 'done') await job.moveToCompleted(null, token, false);
    else await job.moveToDelayed(Date.now() + backoffMs(job.attemptsStarted, MAX_PAUSE_MS), token);
  } catch (error) {
    // Redis is away or has given the job to another. It comes again once its lock is over, and a claim is idempotent.
    log.warn({ err: error, job: job.id }, 'a job of the queue could not be put away');
  } finally {
    clearInterval(extending);
  }
}

interface OutageLog {
  readonly failed: (error: unknown) => void;
  readonly over: () => void;
}

/** An outage is two lines, not one a try. */
function outageLog(log: Logger): OutageLog {
  let isOut = false;
  return {
    failed: (error) => {
      if (!isOut) log.warn({ err: error }, 'the queue does not answer');
      isOut = true;
    },
    over: () => {
      if (isOut) log.info({}, 'the queue answers again');
      isOut = false;
    },
  };
}
