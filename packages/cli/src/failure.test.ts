import { RoundhouseError, UnreachableError } from '@roundhouse/contracts';
import { describe, expect, it } from 'vitest';
import { explain, Failure } from './failure.ts';

describe('explain', () => {
  it('C-1: exit codes tell a script what kind of failure it was', () => {
    const codes = [
      [new RoundhouseError('validation_failed', 'x'), 2],
      [new RoundhouseError('prompt_too_large', 'x'), 2],
      [new RoundhouseError('not_signalled', 'x'), 3],
      [new RoundhouseError('task_not_found', 'x'), 4],
      [new RoundhouseError('unauthenticated', 'x'), 5],
      [new RoundhouseError('coordinator_mismatch', 'x'), 5],
      [new UnreachableError('x'), 6],
      [new RoundhouseError('store_unavailable', 'x'), 1],
      [new Failure('x', { exitCode: 7 }), 7],
      [new Error('x'), 1],
    ] as const;
    for (const [error, code] of codes) expect(explain(error).exitCode).toBe(code);
  });

  it('C-1: an error is one line and says what to do', () => {
    const { message, hint } = explain(new RoundhouseError('validation_failed', 'No.', { issues: ['name: too long'] }));
    expect(message).toBe('No. (name: too long)');
    expect(hint).toMatch(/details.issues/);
    expect(explain(new Error('a\n  b\nc')).message).toBe('a b c');
  });
});
