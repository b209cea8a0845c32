import { createHash } from 'node:crypto';
import { type ErrorBody, RoundhouseError, ERRORS, isErrorCode } from '@roundhouse/contracts';
import type { IdempotencyStore } from '../ports/idempotency.ts';

/** How an answer with a secret in it is kept, and read again: null where it is not this caller's to read. */
export interface Seal {
  readonly close: (body: string) => string;
  readonly open: (kept: string) => string | null;
}

const NO_SEAL: Seal = { close: (body) => body, open: (kept) => kept };

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** 1 to 200 printable characters of ASCII (draft-ietf-httpapi-idempotency-key-header). */
const KEY = /^[\x21-\x7e]{1,200}$/;

export function checkIdempotencyKey(key: string | null): string | null {
  if (key === null || KEY.test(key)) return key;
  throw new RoundhouseError('validation_failed', 'Idempotency-Key is not 1 to 200 printable ASCII characters', {
    issues: [{ path: '/headers/idempotency-key', message: 'not 1 to 200 printable ASCII characters' }],
  });
}

const worthKeeping = ({ status, body }: Answer): boolean => {
  if (status < 400) return true;
  const { code } = (body as ErrorBody).error;
  return status < 500 && isErrorCode(code) && !ERRORS[code].retry;
};

/**
 * One effect and one answer for one key of one caller. The same request while the first runs in this process waits for
 * that one; in another process it is told to come again. A key used for another request is refused. A key counts for one
 * token, operation and coordinator; its answer is kept for a day.
 */
export function createIdempotency(store: IdempotencyStore) {
  const running = new Map<string, Promise<Answer>>();

  const first = async (scope: string, fingerprint: string, seal: Seal, run: () => Promise<Answer>): Promise<Answer> => {
    const begun = await store.begin(scope, fingerprint);
    if (begun.state === 'done') {
      const body = seal.open(begun.body);
      if (body !== null) return { status: begun.status, body: JSON.parse(body) as unknown };
      throw new RoundhouseError('idempotency_mismatch', 'the answer to this key was for the token before this one');
    }
    if (begun.state === 'running')
      throw new RoundhouseError('idempotency_in_progress', 'the first request with this key is still running');
    if (begun.state === 'other_request')
      throw new RoundhouseError('idempotency_mismatch', 'this key was used for another request');
    try {
      const answer = await run();
      if (worthKeeping(answer))
        await store.finish(scope, fingerprint, answer.status, seal.close(JSON.stringify(answer.body)));
      else await store.abandon(scope);
      return answer;
    } catch (error) {
      await store.abandon(scope);
      throw error;
    }
  };

  return {
    async once(scope: string, input: unknown, run: () => Promise<Answer>, seal: Seal = NO_SEAL): Promise<Answer> {
      const fingerprint = createHash('sha256').update(JSON.stringify(input)).digest('hex');
      const slot = `${scope} ${fingerprint}`;
      const joined = running.get(slot);
      if (joined !== undefined) return await joined;
      const work = first(scope, fingerprint, seal, run);
      running.set(slot, work);
      try {
        return await work;
      } finally {
        running.delete(slot);
      }
    },
  };
}

export type Idempotency = ReturnType<typeof createIdempotency>;
