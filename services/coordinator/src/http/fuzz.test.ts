import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDocument } from '../testing/fuzz/document.ts';
import { type FuzzRequest, requestsOf } from '../testing/fuzz/requests.ts';
import { faultOf, newAgent, send, sendBytes } from '../testing/fuzz/send.ts';
import { CANARY, type FuzzTarget, fuzzTarget } from '../testing/fuzz/target.ts';

/** A few thousand in every run; ROUNDHOUSE_FUZZ_REQUESTS=20000 for a night. ROUNDHOUSE_FUZZ_SEED and _PATH repeat what failed. */
const REQUESTS = Number(process.env['ROUNDHOUSE_FUZZ_REQUESTS'] ?? 2_000);
const SEED = process.env['ROUNDHOUSE_FUZZ_SEED'];
const PATH = process.env['ROUNDHOUSE_FUZZ_PATH'];
/** So many at once: what they do to each other is a part of it. */
const AT_ONCE = 20;
/** Bytes that no client sends, of each hundred requests. */
const RAW_SHARE = 0.03;
const BOUND_MS = 60_000 + REQUESTS * 100;

let target: FuzzTarget;
beforeAll(async () => {
  target = await fuzzTarget();
}, 60_000);
afterAll(() => target.stop());

const seed = {
  ...(SEED === undefined ? {} : { seed: Number(SEED) }),
  ...(PATH === undefined ? {} : { path: PATH }),
};

describe('the API under odd requests', () => {
  it(
    `AC-22: of ${REQUESTS} requests none is a fault of the service, breaks the document or shows another’s data`,
    async () => {
      const document = readDocument(await (await fetch(`${target.url}/api/openapi.json`)).json());
      const before = await target.ofB();
      // It is there to be seen, and seeing it is a fault.
      expect(JSON.stringify(before)).toContain(CANARY);
      const shown = { status: 200, headers: '', type: 'application/json', text: JSON.stringify(before) };
      expect(faultOf(document, null, shown)).toContain('it shows what is b’s');
      const agent = newAgent();
      const counts = new Map<string, number>();
      const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
      const one = async (request: FuzzRequest): Promise<void> => {
        const words = JSON.stringify({ ...request, operation: request.operation.name });
        const answer = await send(target, agent, request).catch((error: unknown) => {
          throw new Error(words, { cause: error });
        });
        count(answer === null ? 'held' : String(answer.status));
        if (answer === null) return;
        const fault = faultOf(document, request, answer);
        if (fault !== null) throw new Error(`${words}: ${fault}\n${target.service.errors.slice(-5).join('')}`);
        if (answer.status === 201) target.learn(JSON.parse(answer.text));
      };
      const batches = fc.array(requestsOf(document), { minLength: AT_ONCE, maxLength: AT_ONCE });
      await fc.assert(
        fc.asyncProperty(batches, async (requests) => {
          await Promise.all(requests.map(one));
        }),
        { numRuns: Math.ceil(REQUESTS / AT_ONCE), endOnFailure: true, ...seed },
      );
      agent.destroy();
      process.stdout.write(`fuzz: ${JSON.stringify(Object.fromEntries([...counts].toSorted()))}\n`);
      // Most kinds of answers came: a fuzz that only meets 401 would prove nothing.
      for (const status of ['200', '201', '400', '401', '403', '404', '405', '409', '413', '415'])
        expect(counts.get(status) ?? 0, status).toBeGreaterThan(0);
      expect(await target.service.operator.call('getHealth', {})).toMatchObject({ status: 'ok' });
      const after = await target.ofB();
      // Why a queued task waits is the launchers’ doing, and launchers were played as well.
      const still = before.map(({ id }, index) => ({
        ...before[index],
        id,
        attention: after[index]?.attention ?? null,
      }));
      expect(after).toEqual(still);
    },
    BOUND_MS,
  );

  it(
    'AC-22: bytes that are no request are answered as such',
    async () => {
      const document = readDocument(await (await fetch(`${target.url}/api/openapi.json`)).json());
      const line = fc.oneof(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }),
        fc.constantFrom(
          'GET / HTTP/1.1',
          'GET /api/tasks HTTP/9.9',
          'POST /api/tasks HTTP/1.1',
          'GET http://[ HTTP/1.1',
          'BREW / HTTP/1.1',
        ),
      );
      const field = fc.oneof(
        fc.constantFrom(
          'Host: localhost',
          'Host: [',
          'Content-Length: -1',
          'Content-Length: 5',
          'Content-Length: 5\r\nContent-Length: 6',
          'Transfer-Encoding: chunked',
          'Transfer-Encoding: chunked, x',
          'Authorization: Bearer \u00e9\u0001',
          'X: \u0000',
        ),
        fc.string({ unit: 'binary', maxLength: 40 }),
      );
      const message = fc
        .tuple(line, fc.array(field, { maxLength: 4 }), fc.string({ unit: 'binary', maxLength: 30 }))
        .map(([first, fields, body]) => `${[first, ...fields, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`);
      await fc.assert(
        fc.asyncProperty(message, async (bytes) => {
          const answer = await sendBytes(target, bytes);
          // A connection that is closed without a word is one way to refuse what is no request.
          if (answer.status === 0) return;
          const fault = faultOf(document, null, answer);
          if (fault !== null) throw new Error(fault);
        }),
        { numRuns: Math.ceil(REQUESTS * RAW_SHARE), endOnFailure: true, ...seed },
      );
      expect(await target.service.operator.call('getHealth', {})).toMatchObject({ status: 'ok' });
    },
    BOUND_MS,
  );
});
