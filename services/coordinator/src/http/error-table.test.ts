import { readFile, readdir } from 'node:fs/promises';
import {
  ERROR_CODES,
  ERRORS,
  ERRORS_ELSEWHERE,
  type ErrorCode,
  OPERATIONS,
  type Operation,
  RoundhouseError,
  errorCodesOf,
} from '@roundhouse/contracts';
import fastify, { type FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { UNDOCUMENTED, registerErrorAnswers } from './error-answers.ts';
import { createRateGate } from './rate-limits.ts';

const ROOT = new URL('../../../../', import.meta.url);
/** Where the codes of no operation are thrown. */
const THROWN_IN: Readonly<Record<keyof typeof ERRORS_ELSEWHERE, string>> = {
  ref_forbidden: 'services/coordinator/src/http/git-routes.ts',
  route_not_found: 'services/coordinator/src/http/error-answers.ts',
  method_not_allowed: 'services/coordinator/src/http/error-answers.ts',
  service_unreachable: 'services/mcp-gateway/src/render.ts',
};

describe('the error table', () => {
  it('AC-20: every code is named by an operation, or by the one other place that it comes from', async () => {
    const named = new Set((Object.values(OPERATIONS) as Operation[]).flatMap((operation) => errorCodesOf(operation)));
    const elsewhere = Object.keys(ERRORS_ELSEWHERE) as (keyof typeof ERRORS_ELSEWHERE)[];
    expect([...named, ...elsewhere].toSorted()).toEqual(ERROR_CODES.toSorted());
    for (const code of elsewhere)
      expect(await readFile(new URL(THROWN_IN[code], ROOT), 'utf8'), code).toContain(`'${code}'`);
  });

  it('AC-20: every code is thrown somewhere, has a status of an error, and says what to do next', async () => {
    const folders = ['services/coordinator/src', 'services/mcp-gateway/src'];
    const sources = await Promise.all(
      folders.map(async (folder) => {
        const files = await readdir(new URL(`${folder}/`, ROOT), { recursive: true });
        const kept = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
        return (await Promise.all(kept.map((file) => readFile(new URL(`${folder}/${file}`, ROOT), 'utf8')))).join('\n');
      }),
    );
    const text = sources.join('\n');
    const unused = ERROR_CODES.filter((code: ErrorCode) => !text.includes(`'${code}'`));
    expect(unused).toEqual([]);
    for (const code of ERROR_CODES) {
      const { status, hint } = ERRORS[code];
      expect(status, code).toBeGreaterThanOrEqual(400);
      expect(hint, code).toMatch(/^[A-Z].{10,}\.$/);
    }
  });

  it('AC-21: an answer with a code that its operation does not name is noticed, and no other is', async () => {
    const lines: string[] = [];
    const log: FastifyBaseLogger = pino({ level: 'error' }, { write: (line: string) => void lines.push(line) });
    const app = fastify({ loggerInstance: log });
    registerErrorAnswers(app, createRateGate(null));
    const answer = (code: ErrorCode) => async () => {
      throw new RoundhouseError(code, 'planted');
    };
    app.get('/slip', { config: { access: 'getTask' } }, answer('prompt_queue_full'));
    app.get('/named', { config: { access: 'getTask' } }, answer('task_not_found'));
    expect((await app.inject('/named')).statusCode).toBe(404);
    expect(lines).toEqual([]);
    expect((await app.inject('/slip')).statusCode).toBe(409);
    expect(lines.join()).toContain(UNDOCUMENTED);
    await app.close();
  });
});
