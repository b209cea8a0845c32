import type { Activity, RunnerEvent } from '@roundhouse/contracts';
import { expect, it } from 'vitest';
import type { Reading } from '../domain/activity.ts';
import { VirtualTime } from '../replay/virtual-time.ts';
import { ActivityWatch } from './watch-activity.ts';

const busy: Reading = { state: 'busy', evidence: 'status', question: null };
const said = { kind: 'permission' as const, text: 'approve Bash', options: [] };
const asks: Reading = { state: 'waiting_input', evidence: 'status', question: said };
const shows: Reading = { ...asks, question: { ...said, options: ['Yes', 'No'], selected: 0, id: 'dialog-1' } };

function watched(draws: boolean) {
  const time = new VirtualTime();
  const told: Activity['question'][] = [];
  const report = (event: RunnerEvent): void => {
    if (event.type === 'activity') told.push(event.activity.question);
  };
  const watch = new ActivityWatch({ report, now: () => new Date(time.now()), timers: time }, draws);
  return { time, told, watch };
}

it('RX-10: that a program asks is told when it shows what, or after a moment in which it did not', () => {
  const { time, told, watch } = watched(true);
  watch.read(busy);
  watch.read(asks);
  expect(told).toEqual([null]);
  watch.read(shows);
  expect(told).toEqual([null, shows.question]);
  watch.read(busy);
  watch.read(asks);
  time.moveTo(time.now() + 1_000);
  expect(told).toHaveLength(3);
  time.moveTo(time.now() + 1_000);
  expect(told.at(-1)).toEqual(said);
  watch.close();
});

it('RX-10: what asks without drawing is told at once', () => {
  const { told, watch } = watched(false);
  watch.read(asks);
  expect(told).toEqual([said]);
  watch.close();
});

it('RA-28: what is seen when a prompt is reported to be taken is said again, but that it works', () => {
  const { told, watch } = watched(true);
  watch.read(busy);
  watch.promptAccepted();
  expect(told).toEqual([null]);
  watch.read(shows);
  watch.promptAccepted();
  expect(told).toEqual([null, shows.question, shows.question]);
  watch.read({ state: 'idle', evidence: 'screen', question: null });
  watch.promptAccepted();
  watch.promptAccepted();
  expect(told).toHaveLength(6);
  watch.close();
});
