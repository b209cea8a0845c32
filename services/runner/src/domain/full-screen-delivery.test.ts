import { describe, expect, it } from 'vitest';
import { FULL_SCREEN_TYPING } from '../agents/full-screen-typing.ts';
import type { ProgramStatus } from './program-status.ts';
import { type Delivery, type DeliveryAction, type DeliveryInput, deliver, NO_DELIVERY } from './prompt-delivery.ts';

const rules = FULL_SCREEN_TYPING;
const prompt = { id: 'a', ordinal: 1, revision: 1, text: 'one' };
const wanted: DeliveryInput = { type: 'wanted', prompts: [prompt] };
const typed: DeliveryInput = { type: 'typed' };
const time: DeliveryInput = { type: 'time' };
const says = (status: ProgramStatus): DeliveryInput => ({ type: 'status', status });
const idle = says({ state: 'idle' });
const working = says({ state: 'working' });
const asks = says({ state: 'blocked', question: { kind: 'question', text: 'Which?', options: ['a'] } });

function play(inputs: readonly DeliveryInput[], rules = FULL_SCREEN_TYPING): DeliveryAction[] {
  let delivery: Delivery = NO_DELIVERY;
  return inputs.flatMap((input) => {
    const { next, actions } = deliver(delivery, input, rules);
    delivery = next;
    return actions;
  });
}
const keys = (actions: readonly DeliveryAction[]): DeliveryAction[] =>
  actions.filter(({ type }) => type === 'paste' || type === 'enter');

describe('the delivery of prompts to full-screen programs', () => {
  it('RA-6: pastes when it has been waiting for a moment, counted from the last change', () => {
    const moment = { type: 'timer', ms: rules.readyForMs };
    expect(play([wanted, idle])).toEqual([moment]);
    expect(play([wanted, idle, working, time])).toEqual([moment, { type: 'timer', ms: null }]);
    const pasted = play([wanted, idle, working, idle, { type: 'output' }, time]);
    expect(keys(pasted)).toEqual([{ type: 'paste', text: 'one' }]);
    expect(pasted.filter(({ type }) => type === 'timer')).toHaveLength(4);
    expect(keys(play([idle, wanted, time]))).toEqual([{ type: 'paste', text: 'one' }]);
  });

  it('RA-6: types nothing at all while a dialog is up, questions included', () => {
    expect(keys(play([wanted, asks, time, time]))).toEqual([]);
    expect(keys(play([wanted, idle, asks, time]))).toEqual([]);
  });

  it('RA-7: presses Enter a second time only where the prompt still stands there, and once at most', () => {
    const lost = play([wanted, idle, time, typed, time, typed, time, time]);
    expect(keys(lost)).toEqual([{ type: 'paste', text: 'one' }, { type: 'enter' }, { type: 'enter', again: true }]);
    expect(lost.at(-1)).toEqual({ type: 'report', promptId: 'a', state: 'undelivered' });
    const taken = play([wanted, idle, time, typed, time, typed, working]);
    expect(taken.at(-1)).toEqual({ type: 'report', promptId: 'a', state: 'accepted' });
    expect(rules.enterAgainMs).toBeLessThanOrEqual(1_000);
  });

  it('RX-18: where its own record is the proof, work is none yet, and what is lost before it is typed once more', () => {
    const byRecord = { ...rules, acceptedBy: 'record' as const };
    const recorded: DeliveryInput = { type: 'recorded' };
    const entered = [wanted, idle, time, typed, time, typed];
    const ends = (...more: DeliveryInput[]) =>
      play([...entered, ...more], byRecord).flatMap((action) => (action.type === 'report' ? [action.state] : []));
    expect(ends(working)).toEqual(['written']);
    expect(ends(working, recorded)).toEqual(['written', 'accepted']);
    // Also before its work shows.
    expect(ends(recorded)).toEqual(['written', 'accepted']);
    expect(ends({ type: 'echoed' }, time, time)).toEqual(['written', 'undelivered']);
    // A record that never comes: the status is the proof in the end, and no Enter goes astray meanwhile.
    expect(ends(working, idle, time, time)).toEqual(['written', 'accepted']);
    const again = play([...entered, working, { type: 'lost' }, idle, time], byRecord);
    expect(again.filter(({ type }) => type === 'paste')).toHaveLength(2);
    const known = play([...entered, working, recorded, { type: 'lost' }, idle, time], byRecord);
    expect(known.filter(({ type }) => type === 'paste')).toHaveLength(1);
    expect(ends(working, { type: 'gone' })).toEqual(['written', 'accepted']);
  });
});
