import { Worker } from 'node:worker_threads';
import pLimit from 'p-limit';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { SchemaCheck } from '../../ports/admission.ts';

/** Plain JavaScript, so that it is the same file from src and from dist: both lie two folders below the service. */
const PROGRAM = new URL('../../../schema/check-schema.mjs', import.meta.url);

/** How long a check may take, ms (the start of its thread is most of it), how many run at once, and their memory, MiB. */
const BOUND_MS = 2_000;
const START_MS = 5_000;
const AT_ONCE = 4;
const HEAP_MB = 128;

const Answer = z.object({
  fault: z.string().nullable(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })),
});
type Answer = z.infer<typeof Answer>;
type Outcome = Answer | 'too_long' | 'too_much';

interface Question {
  readonly schema: Readonly<Record<string, unknown>>;
  readonly value?: unknown;
  readonly hasValue: boolean;
}

/** Each check has a thread of its own: schemas are a coordinator's word, and a pattern in one can take for ever. */
export function createWorkerSchemaCheck(log: Logger): SchemaCheck {
  const lane = pLimit(AT_ONCE);
  const check = (question: Question): Promise<Outcome> => lane(() => inThread(question, log));

  return {
    async fault(schema) {
      const outcome = await check({ schema, hasValue: false });
      if (outcome === 'too_long') return `it takes longer than ${BOUND_MS} ms to compile`;
      return outcome === 'too_much' ? 'it takes too much memory to compile' : outcome.fault;
    },
    async issues(schema, value) {
      const outcome = await check({ schema, value, hasValue: true });
      if (outcome === 'too_long' || outcome === 'too_much')
        return [
          { path: '', message: `it could not be held against the schema within ${BOUND_MS} ms and ${HEAP_MB} MiB` },
        ];
      return outcome.fault === null ? outcome.issues : [{ path: '', message: `the schema: ${outcome.fault}` }];
    },
  };
}

function inThread(question: Question, log: Logger): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(PROGRAM, {
      workerData: question,
      // Neither the service's secrets nor its settings are a schema's business.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, stackSizeMb: 4 },
    });
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      act();
      void worker.terminate().catch((error: unknown) => log.warn({ err: error }, 'a schema check could not be ended'));
    };
    const tooLong = (): void => settle(() => resolve('too_long'));
    let timer = setTimeout(tooLong, START_MS);
    worker.once('online', () => {
      clearTimeout(timer);
      timer = setTimeout(tooLong, BOUND_MS);
    });
    worker.once('message', (message) => settle(() => resolve(Answer.parse(message))));
    worker.once('error', (error: NodeJS.ErrnoException) =>
      settle(() => (error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? resolve('too_much') : reject(error))),
    );
    worker.once('exit', () => settle(() => reject(new Error('a schema check ended without an answer'))));
  });
}
