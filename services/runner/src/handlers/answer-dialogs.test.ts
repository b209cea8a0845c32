import { fileURLToPath } from 'node:url';
import type { RunnerEvent } from '@roundhouse/contracts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PtyTerminals } from '../adapters/pty/pty-terminals.ts';
import { REAL_TIME } from '../adapters/system/real-time.ts';
import { claude } from '../agents/claude.ts';
import { optionByPolicy } from '../domain/dialog-policy.ts';
import type { AgentTerminal, Log } from '../ports.ts';
import { DialogDesk, type DialogRules } from './answer-dialogs.ts';
import { ActivityReader } from './read-activity.ts';

const PROGRAM = fileURLToPath(new URL('../../src/testing/dialog-program.mjs', import.meta.url));
const quiet = (): void => undefined;
const log: Log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const running: AgentTerminal[] = [];

/** The program in a real terminal, read and answered as the runner does it. */
async function started(dialogs: DialogRules['dialogs'], ...args: string[]) {
  return startedWith({ dialogs }, ...args);
}

async function startedWith(rules: DialogRules, ...args: string[]) {
  const keyboard = { isHeld: false };
  const events: RunnerEvent[] = [];
  const reader: ActivityReader = new ActivityReader(claude.signs, REAL_TIME, () => desk.look());
  const desk = new DialogDesk(rules, () => reader.dialog, {
    isHeld: () => keyboard.isHeld,
    report: (event) => events.push(event),
    timers: REAL_TIME,
    log,
  });
  const terminal: AgentTerminal = await new PtyTerminals(log, REAL_TIME).spawn({
    after: Promise.resolve(),
    argv: [process.execPath, PROGRAM, ...args],
    env: { PATH: '/usr/bin:/bin', TERM: 'xterm-256color' },
    cwd: '/',
    cols: 80,
    rows: 24,
    onOutput: quiet,
    onStatus: (status) => reader.status(status),
    onTitle: (title) => reader.title(title),
    onTyped: (text) => reader.typed(text),
    onSettled: () => {
      reader.settled(terminal.view);
      desk.look();
    },
  });
  desk.attach(terminal);
  running.push(terminal);
  return { desk, events, keyboard, reader, terminal };
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000, interval: 20 });
const id = '9d2e4f60-1b3c-4d5e-8f7a-6b5c4d3e2f10';

afterEach(async () => {
  for (const terminal of running.splice(0)) {
    process.kill(terminal.pid, 'SIGKILL');
    await terminal.exited;
    terminal.close();
  }
});

describe('answers to dialogs of a terminal', () => {
  it('RA-11, RX-11: the selector is moved to the option, Enter is pressed, and the dialog is seen to go', async () => {
    const { desk, events, reader, terminal } = await started('ask', '1');
    await until(() => expect(reader.dialog?.options).toEqual(['Yes', 'Yes, and always allow it', 'No']));
    expect(reader.reading).toMatchObject({ state: 'waiting_input', question: { id: 'dialog-1', kind: 'permission' } });
    desk.want({ id, dialogId: 'dialog-1', option: 2 });
    await until(() =>
      expect(events).toMatchObject([{ state: 'answered', label: 'No', by: 'coordinator', reason: null }]),
    );
    await until(() => expect(terminal.screen).toMatch(/^said No\n/));
    // The level is told again and again: nothing more is typed for it.
    desk.want({ id, dialogId: 'dialog-1', option: 2 });
    await until(() => expect(reader.reading.state).toBe('idle'));
    expect(events).toHaveLength(1);
  });

  it('RA-12: an answer to a dialog that is not shown any more is never typed into another one', async () => {
    const { desk, events, reader } = await started('ask', '2');
    await until(() => expect(reader.dialog?.id).toBe('dialog-1'));
    desk.want({ id, dialogId: 'dialog-1', option: 0 });
    await until(() => expect(reader.dialog?.id).toBe('dialog-2'));
    const other = '8d2e4f60-1b3c-4d5e-8f7a-6b5c4d3e2f10';
    desk.want({ id: other, dialogId: 'dialog-1', option: 2 });
    expect(events).toMatchObject([{ state: 'answered' }, { answerId: other, state: 'stale' }]);
    expect(reader.dialog).toMatchObject({ id: 'dialog-2', selected: 0 });
  });

  it('RA-12: a dialog that stays is said to have stayed', async () => {
    const { desk, events, reader } = await started('ask', '1', 'deaf');
    await until(() => expect(reader.dialog).not.toBeNull());
    desk.want({ id, dialogId: 'dialog-1', option: 1 });
    await until(() => expect(events).toMatchObject([{ state: 'failed', reason: 'the dialog is still shown' }]));
  });

  it('RA-22: text is pasted where an option takes it, is seen to stand there, and goes with the answer', async () => {
    const { desk, events, reader, terminal } = await started('ask', '1');
    await until(() => expect(reader.reading.question).toMatchObject({ id: 'dialog-1', textOptions: [0, 2] }));
    const text = '1 use ls instead';
    desk.want({ id, dialogId: 'dialog-1', option: 2, text });
    await until(() => expect(events).toMatchObject([{ dialogId: 'dialog-1', label: 'No', state: 'answered' }]));
    await until(() => expect(terminal.screen).toMatch(/^said No, 1 use ls instead\n/));
    // The text belongs to who gave it: what is told of the answer does not have it.
    expect(JSON.stringify(events)).not.toContain('use ls');
  });

  it('RA-22: text that does not show, or that no option takes, is not entered', async () => {
    const { desk, events, reader, terminal } = await started('ask', '1', 'forgetful');
    await until(() => expect(reader.dialog).not.toBeNull());
    desk.want({ id, dialogId: 'dialog-1', option: 1, text: 'do it' });
    expect(events).toMatchObject([{ state: 'failed', reason: 'the option takes no text' }]);
    const other = '8d2e4f60-1b3c-4d5e-8f7a-6b5c4d3e2f10';
    desk.want({ id: other, dialogId: 'dialog-1', option: 2, text: 'do it' });
    await until(() =>
      expect(events).toMatchObject([
        {},
        { state: 'failed', reason: expect.stringContaining('does not show') as string },
      ]),
    );
    // It is the same dialog still, whatever became of its options.
    expect(reader.dialog).toMatchObject({ id: 'dialog-1', options: ['Yes', 'Yes, and always allow it', 'No'] });
    expect(terminal.screen).toMatch(/❯ 3\. No, and tell Claude/);
  });

  it('RA-13: a policy allows or refuses what is asked, this once, each dialog once, and says so', async () => {
    for (const [policy, said] of [['allow', 'Yes,Yes'] as const, ['deny', 'No,No'] as const]) {
      const { events, terminal } = await started(policy, '2');
      await until(() => expect(terminal.screen).toMatch(new RegExp(`^said ${said}\n`)));
      await until(() => expect(events).toMatchObject([{ by: 'policy', state: 'answered' }, { by: 'policy' }]));
    }
    const options = ['Yes, always', 'Allow once', 'Allow for this session', 'No, suggest changes (esc)'];
    expect(optionByPolicy('allow', { kind: 'permission', options })).toBe(1);
    expect(optionByPolicy('deny', { kind: 'permission', options })).toBe(3);
    expect(optionByPolicy('allow', { kind: 'question', options })).toBeNull();
    expect(optionByPolicy('allow', { kind: 'permission', options: ['Yes, always'] })).toBeNull();
    expect(optionByPolicy('ask', { kind: 'permission', options })).toBeNull();
  });

  it('RA-19: a permission that nobody gave or refused in time is refused, and not while a person has the keyboard', async () => {
    const { events, keyboard, terminal } = await startedWith({ dialogs: 'ask', dialogTimeoutSeconds: 1 }, '2');
    await until(() => expect(events).toMatchObject([{ by: 'timeout', label: 'No', state: 'answered' }]));
    keyboard.isHeld = true;
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(events).toHaveLength(1);
    keyboard.isHeld = false;
    await until(() => expect(terminal.screen).toMatch(/^said No,No\n/));
  });

  it('RA-19: a policy keeps its hands off while a person has the keyboard', async () => {
    const { desk, events, keyboard, reader } = await startedWith({ dialogs: 'allow' }, '2');
    await until(() => expect(events).toHaveLength(1));
    keyboard.isHeld = true;
    await until(() => expect(reader.dialog?.id).toBe('dialog-2'));
    desk.look();
    expect(events).toHaveLength(1);
    keyboard.isHeld = false;
    desk.look();
    await until(() => expect(events).toMatchObject([{}, { dialogId: 'dialog-2', by: 'policy', state: 'answered' }]));
  });
});
