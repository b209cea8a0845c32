import { describe, expect, it } from 'vitest';
import { fullBudget, spend } from './change-budget.ts';
import { showsPrompt } from './echo.ts';
import { EventOutbox } from './event-outbox.ts';

const started = (pid: number) => ({ type: 'agent_started', pid }) as const;

describe('the event outbox', () => {
  it('R-4: numbers from 1 and keeps what is not acknowledged, in order', () => {
    const outbox = new EventOutbox();
    expect([outbox.add(started(1)).seq, outbox.add(started(2)).seq, outbox.add(started(3)).seq]).toEqual([1, 2, 3]);
    outbox.acknowledge(2);
    expect(outbox.pending()).toEqual([{ seq: 3, event: started(3) }]);
    outbox.acknowledge(1);
    expect(outbox.pending()).toHaveLength(1);
    expect(outbox.add(started(4)).seq).toBe(4);
  });
});

describe('the budget of changes', () => {
  it('R-6: lets ordinary work through and slows down a program that flips', () => {
    let budget = fullBudget(0);
    let at = 0;
    for (let change = 0; change < 20; change += 1) {
      const spent = spend(budget, at);
      expect(spent.waitMs).toBe(0);
      budget = spent.budget;
    }
    expect(spend(budget, at).waitMs).toBe(100);
    at += 100;
    expect(spend(budget, at).waitMs).toBe(0);
  });
});

describe('the echo of a prompt', () => {
  it('R-10: is found wrapped over lines, and not where it is not', () => {
    expect(showsPrompt('$ echo hello wo\nrld and more', 'first\necho hello world\n')).toBe(true);
    expect(showsPrompt('$ ', 'echo hello')).toBe(false);
    expect(showsPrompt('anything', '\n\n')).toBe(false);
  });
});
