import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { command } from '../agents/command.ts';
import { scripted } from '../agents/scripted.ts';
import type { ProgramStatus } from './program-status.ts';
import {
  type Delivery,
  type DeliveryAction,
  type DeliveryInput,
  NO_DELIVERY,
  type TypingRules,
  deliver,
} from './prompt-delivery.ts';

const first = { id: 'a', ordinal: 1, revision: 1, text: 'one' };
const second = { id: 'b', ordinal: 2, revision: 1, text: 'two' };
const question = (kind: 'question' | 'permission'): ProgramStatus => ({
  state: 'blocked',
  question: { kind, text: '?', options: [] },
});

function play(rules: TypingRules, inputs: readonly DeliveryInput[]): string[] {
  let delivery: Delivery = NO_DELIVERY;
  const said: string[] = [];
  for (const input of inputs) {
    const { next, actions } = deliver(delivery, input, rules);
    delivery = next;
    said.push(...actions.map(words).filter((word) => word !== ''));
  }
  return said;
}

const words = (action: DeliveryAction): string => {
  switch (action.type) {
    case 'paste':
      return `paste ${action.text}`;
    case 'enter':
      return 'enter';
    case 'report':
      return `${action.promptId} ${action.state}`;
    case 'recalled':
      return `${action.recall.promptId} ${action.isTakenBack ? 'taken back' : 'goes on'}`;
    case 'timer':
      return '';
  }
};

const wanted = (...prompts: (typeof first)[]): DeliveryInput => ({ type: 'wanted', prompts });
const status = (state: 'idle' | 'working' | 'done' | 'error'): DeliveryInput => ({ type: 'status', status: { state } });
const typed: DeliveryInput = { type: 'typed' };
const time: DeliveryInput = { type: 'time' };

describe('a person at the keyboard, and prompts that are taken back', () => {
  const rules = scripted.typing;
  const recall = (id: string, prompt = first): DeliveryInput => ({
    type: 'recall',
    recall: { id, promptId: prompt.id, revision: prompt.revision },
  });

  it('CV-6: no second Enter is pressed while a person holds the keyboard, nor after they had it', () => {
    const enters = (said: string[]): number => said.filter((word) => word === 'enter').length;
    const entered = [wanted(first), status('idle'), typed, ...(rules.pasteSettleMs === 0 ? [] : [time]), typed];
    expect(rules.enterAgainMs).not.toBeNull();
    expect(enters(play(rules, [...entered, time]))).toBe(2);
    const held = [...entered, { type: 'held' as const, held: true }, time, time];
    expect(play(rules, held).filter((word) => word !== 'paste one')).toEqual(['enter', 'a written']);
    const after = play(rules, [...held, { type: 'held', held: false }, time]);
    expect([enters(after), after.at(-1)]).toEqual([1, 'a undelivered']);
  });

  it('CV-10: what is not begun is taken back for good; its next revision is typed', () => {
    const better = { ...first, revision: 2, text: 'better' };
    const said = play(rules, [wanted(first), recall('r'), recall('r'), wanted(first), status('idle'), wanted(better)]);
    expect(said).toEqual(['a taken back', 'paste better']);
  });

  it('CV-10: what is being typed, or was, goes on', () => {
    expect(play(rules, [wanted(first), status('idle'), recall('r')])).toEqual(['paste one', 'a goes on']);
    expect(play(rules, [status('idle'), wanted(first, second), recall('s', second)])).toEqual([
      'paste one',
      'b taken back',
    ]);
  });
});

describe('the delivery of prompts to an agent that reports its status', () => {
  const rules = scripted.typing;

  it('R-7: types nothing before the agent says that it waits, then one prompt after the other by ordinal', () => {
    const said = play(rules, [
      wanted(second, first),
      status('idle'),
      typed,
      typed,
      status('working'),
      status('idle'),
      typed,
      typed,
      status('working'),
    ]);
    expect(said).toEqual([
      'paste one',
      'enter',
      'a written',
      'a accepted',
      'paste two',
      'enter',
      'b written',
      'b accepted',
    ]);
  });

  it('R-7: the same prompts asked again are not typed twice', () => {
    const once = [wanted(first), status('idle'), typed, typed, status('working'), status('idle')];
    expect(play(rules, [...once, wanted(first), wanted(first, second)])).toEqual([
      'paste one',
      'enter',
      'a written',
      'a accepted',
      'paste two',
    ]);
  });

  it('R-8: presses Enter once more when nothing happens, then gives up', () => {
    const said = play(rules, [status('idle'), wanted(first), typed, typed, time, typed, time]);
    expect(said).toEqual(['paste one', 'enter', 'a written', 'enter', 'a undelivered']);
  });

  it('R-9: never types into a permission dialog, but answers a question', () => {
    expect(play(rules, [{ type: 'status', status: question('permission') }, wanted(first), time])).toEqual([]);
    const said = play(rules, [
      { type: 'status', status: question('question') },
      wanted(first),
      typed,
      typed,
      { type: 'status', status: question('question') },
    ]);
    expect(said).toEqual(['paste one', 'enter', 'a written']);
  });

  it('R-7: a status that outruns the write’s own callback still is the receipt', () => {
    expect(play(rules, [status('idle'), wanted(first), typed, status('working'), typed])).toEqual([
      'paste one',
      'enter',
      'a written',
      'a accepted',
    ]);
  });

  it('R-7: a prompt that is taken back before it was typed is not typed', () => {
    expect(play(rules, [wanted(first), wanted(), status('idle')])).toEqual([]);
  });

  it('R-8: what was being typed when the agent ended is undelivered; what was not begun stays queued', () => {
    expect(play(rules, [status('idle'), wanted(first, second), typed, { type: 'gone' }, status('idle')])).toEqual([
      'paste one',
      'enter',
      'a undelivered',
    ]);
  });
});

describe('the delivery of prompts to a plain command', () => {
  it('R-10: waits for output or a bound, and the screen is the receipt', () => {
    expect(play(command.typing, [wanted(first), { type: 'output' }, typed, typed, { type: 'echoed' }])).toEqual([
      'paste one',
      'enter',
      'a written',
      'a accepted',
    ]);
    expect(play(command.typing, [wanted(first), time])).toEqual(['paste one']);
    expect(play(command.typing, [wanted(first), time, typed, typed, time])).toEqual([
      'paste one',
      'enter',
      'a written',
      'a undelivered',
    ]);
  });
});

describe('any history of a delivery', () => {
  const input = fc.oneof(
    fc.constantFrom(wanted(first), wanted(first, second), wanted(second), wanted()),
    fc.constantFrom(status('idle'), status('working'), status('done'), status('error')),
    fc.constantFrom<DeliveryInput>(
      { type: 'status', status: question('question') },
      { type: 'status', status: question('permission') },
    ),
    fc.constantFrom<DeliveryInput>(
      typed,
      { type: 'not_typed' },
      time,
      { type: 'output' },
      { type: 'echoed' },
      { type: 'gone' },
    ),
  );

  it('R-7: pastes each prompt at most once and reports at most one end of it', () => {
    for (const rules of [scripted.typing, command.typing]) {
      fc.assert(
        fc.property(fc.array(input, { maxLength: 60 }), (inputs) => {
          const said = play(rules, inputs);
          for (const { id, text } of [first, second]) {
            expect(said.filter((word) => word === `paste ${text}`).length).toBeLessThanOrEqual(1);
            expect(
              said.filter((word) => word === `${id} accepted` || word === `${id} undelivered`).length,
            ).toBeLessThanOrEqual(1);
            expect(said.filter((word) => word === `${id} written`).length).toBeLessThanOrEqual(1);
          }
        }),
        { numRuns: 500 },
      );
    }
  });
});
