import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import type { Logger } from 'pino';
import { RoundhouseError } from '@roundhouse/contracts';
import type { Renderings } from '../../ports/output.ts';
import { RenderAnswer, type RenderQuestion } from './render-protocol.ts';

/** The compiled file, by the name of the package: a thread reads no TypeScript. */
const PROGRAM = createRequire(import.meta.url).resolve('@roundhouse/coordinator/adapters/terminal/render-thread');

/** How long one answer may take, ms, and how much longer the thread may take to hear that nobody waits any more. */
const BOUND_MS = 10_000;
const DEAF_MS = 5_000;
const AT_ONCE = 16;
const HEAP_MB = 256;
/** A thread that nobody asks anything ends after this long, ms, and its memory with it. */
const IDLE_MS = 60_000;

interface Waiting {
  readonly resolve: (answer: RenderAnswer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Renders recordings in one thread of this process, started when it is first needed: a terminal reads every byte that an
 * agent has printed, which must neither hold up the event loop nor take the service with it.
 */
export function createWorkerRenderings(
  fileOf: (taskId: string, attempt: number) => string,
  log: Logger,
  boundMs = BOUND_MS,
): Renderings & { stop(): Promise<void> } {
  const lane = pLimit(AT_ONCE);
  let thread: Worker | null = null;
  let stopped = false;
  let lastId = 0;
  const waiting = new Map<number, Waiting>();
  let idle: NodeJS.Timeout | undefined;

  const end = async (worker: Worker, why: Error): Promise<void> => {
    if (thread === worker) {
      thread = null;
      for (const { reject } of waiting.values()) reject(why);
      waiting.clear();
    }
    await worker.terminate();
  };

  const start = (): Worker => {
    const worker = new Worker(PROGRAM, {
      // Neither the service's secrets nor its settings are its business.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    const failed = (error: Error): void => {
      log.warn({ err: error }, 'the thread that renders output has ended');
      void end(worker, notRendered('it takes too much memory'));
    };
    worker.on('message', (message) => {
      const answer = RenderAnswer.parse(message);
      waiting.get(answer.id)?.resolve(answer);
      waiting.delete(answer.id);
    });
    worker.on('error', failed);
    worker.on('exit', () => thread === worker && failed(new Error('it exited')));
    worker.unref();
    return worker;
  };

  const ask = async (question: Extract<RenderQuestion, { type: 'render' }>): Promise<RenderAnswer> => {
    if (stopped) throw STOPPING;
    const worker = (thread ??= start());
    let deaf: NodeJS.Timeout | undefined;
    const bound = setTimeout(() => {
      tell(worker, { type: 'cancel', id: question.id });
      deaf = setTimeout(() => void end(worker, notRendered('it takes too long')), DEAF_MS);
    }, boundMs);
    clearTimeout(idle);
    try {
      return await new Promise<RenderAnswer>((resolve, reject) => {
        waiting.set(question.id, { resolve, reject });
        tell(worker, question);
      });
    } finally {
      clearTimeout(bound);
      clearTimeout(deaf);
      if (waiting.size === 0) {
        clearTimeout(idle);
        idle = setTimeout(() => thread !== null && void end(thread, new Error('idle')), IDLE_MS);
        idle.unref();
      }
    }
  };

  return {
    render: ({ taskId, attempt, cols, rows, from, limit }) =>
      lane(async () => {
        lastId += 1;
        const file = fileOf(taskId, attempt);
        const answer = await ask({ type: 'render', id: lastId, file, cols, rows, from, limit });
        if (answer.page !== null) return answer.page;
        if (answer.fault !== null) throw new Error(`a recording could not be rendered: ${answer.fault}`);
        throw notRendered(`it takes longer than ${boundMs / 1_000} s`);
      }),
    async stop() {
      stopped = true;
      clearTimeout(idle);
      if (thread !== null) await end(thread, STOPPING);
    },
  };
}

const tell = (worker: Worker, message: RenderQuestion): void => {
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window: it has no origin
  worker.postMessage(message);
};

const STOPPING = new RoundhouseError('stopping', 'the service is stopping');

const notRendered = (why: string): RoundhouseError =>
  new RoundhouseError('output_not_rendered', `the output is not rendered yet: ${why}`);
