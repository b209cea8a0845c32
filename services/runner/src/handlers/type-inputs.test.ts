import { tmpdir } from 'node:os';
import { type RunnerEvent } from '@roundhouse/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { PtyTerminals } from '../adapters/pty/pty-terminals.ts';
import { REAL_TIME } from '../adapters/system/real-time.ts';
import type { AgentTerminal } from '../ports.ts';
import { InputDesk } from './type-inputs.ts';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const BOUND_MS = 20_000;

const open: AgentTerminal[] = [];
afterEach(async () => {
  for (const terminal of open.splice(0)) {
    process.kill(terminal.pid, 'SIGKILL');
    await terminal.exited;
    terminal.close();
  }
});

/** A shell script in a real terminal, with a desk that types into it. */
async function deskAt(script: string, between: () => Promise<void> = () => Promise.resolve()) {
  const events: RunnerEvent[] = [];
  let output = '';
  const watchers = new Set<() => void>();
  const stir = (): void => watchers.forEach((look) => look());
  const until = (what: string, holds: () => boolean): Promise<void> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not in time: ${what}: ${output}`)), BOUND_MS);
      const look = (): void => {
        if (!holds()) return;
        clearTimeout(timer);
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  const terminal = await new PtyTerminals(log, REAL_TIME).spawn({
    after: Promise.resolve(),
    argv: ['sh', '-c', script],
    env: { PATH: process.env['PATH'] ?? '' },
    cwd: tmpdir(),
    cols: 80,
    rows: 24,
    onOutput: (data) => {
      output += Buffer.from(data).toString('utf8');
      stir();
    },
    onStatus: () => undefined,
    onTitle: () => undefined,
    onTyped: () => undefined,
    onSettled: () => desk.settled(),
  });
  open.push(terminal);
  const report = (event: RunnerEvent): void => {
    events.push(event);
    stir();
  };
  const desk = new InputDesk(between, report, log);
  desk.attach(terminal);
  let ordinal = 0;
  const input = (text: string) => ({ id: `input-${(ordinal += 1)}`, ordinal, text });
  const told = () => events.flatMap((event) => (event.type === 'input' ? [[event.inputId, event.shown]] : []));
  return { desk, input, until, told, output: () => output };
}

describe('what a person types', () => {
  it('CV-8: is told as shown where the terminal echoes it, and as not shown where it asks for a password', async () => {
    const script =
      'printf "name: "; read a; stty -echo; printf "password: "; read b; stty echo; echo; echo "got $a ${#b}"; cat';
    const { desk, input, until, told, output } = await deskAt(script);
    await until('the first question', () => output().includes('name: '));
    desk.want([input('Ada\r')]);
    await until('the password', () => output().includes('password: '));
    await until('the first report', () => told().length === 1);
    desk.want([input('hunter2\r')]);
    await until('the second report', () => told().length === 2);
    await until('the end', () => output().includes('got Ada 7'));
    expect(told()).toEqual([
      ['input-1', true],
      ['input-2', false],
    ]);
    expect(output()).not.toContain('hunter2');
  });

  it('CV-6: arrives in order and once, however often it is asked for, and waits while a prompt is half typed', async () => {
    let done: () => void = () => undefined;
    const prompt = new Promise<void>((resolve) => (done = resolve));
    const { desk, input, until, told, output } = await deskAt('cat', () => prompt);
    const inputs = Array.from({ length: 20 }, (_, index) => input(`line ${index}\r`));
    desk.want(inputs.toReversed());
    desk.want(inputs);
    await new Promise((resolve) => setImmediate(resolve));
    expect(output()).toBe('');
    done();
    await until('all reports', () => told().length === 20);
    await until('the last line twice', () => output().split('line 19').length === 3);
    const echoed = [...output().matchAll(/line (\d+)/g)].map(([, number]) => Number(number));
    const once = Array.from({ length: 20 }, (_, index) => index);
    expect(echoed.toSorted((a, b) => a - b)).toEqual(once.flatMap((index) => [index, index]));
    // Cat prints each line after the terminal has echoed it.
    expect([...new Set(echoed)]).toEqual(once);
  });
});
