import { describe, expect, it } from 'vitest';
import { NO_EVIDENCE, readActivity } from './activity.ts';
import { parseProgramStatus } from './program-status.ts';

describe('the status that a program reports', () => {
  it('R-5: reads states, kinds, messages with colons and options', () => {
    expect(parseProgramStatus('state=working')).toEqual({ state: 'working' });
    expect(parseProgramStatus(' state=idle ')).toEqual({ state: 'idle' });
    expect(parseProgramStatus('state=blocked:kind=permission:msg=run: rm -rf x?')).toEqual({
      state: 'blocked',
      question: { kind: 'permission', text: 'run: rm -rf x?', options: [] },
    });
    expect(parseProgramStatus('state=blocked:kind=question:msg=a%3Astate%3D1:opts=yes%7Cno|b')).toEqual({
      state: 'blocked',
      question: { kind: 'question', text: 'a:state=1', options: ['yes|no', 'b'] },
    });
  });

  it('R-5: is bounded and survives nonsense', () => {
    const status = parseProgramStatus(`state=blocked:msg=${'😀'.repeat(5_000)}:opts=${'x|'.repeat(100)}`);
    expect(status).toMatchObject({ state: 'blocked' });
    if (status?.state !== 'blocked') throw new Error('not blocked');
    expect(status.question.text.length).toBeLessThanOrEqual(4_000);
    expect(status.question.text.isWellFormed()).toBe(true);
    expect(status.question.options).toHaveLength(32);
    for (const payload of [
      '',
      '?',
      'state',
      'state=',
      'state=flying',
      'kind=question',
      '%%%',
      'state=blocked:msg=100%',
    ]) {
      expect(() => parseProgramStatus(payload)).not.toThrow();
    }
    expect(parseProgramStatus('state=flying')).toBeNull();
  });
});

describe('the activity', () => {
  const screen = (cursorLine: string): string => readActivity({ status: null, cursorLine }).state;

  it('R-6: takes the program’s own word before the screen', () => {
    const working = { status: { state: 'working' } as const, cursorLine: '❯ ' };
    expect(readActivity(working)).toEqual({ state: 'busy', evidence: 'status', question: null });
    expect(readActivity({ ...working, status: { state: 'clear' } })).toMatchObject({
      state: 'idle',
      evidence: 'screen',
    });
  });

  it('R-6: reads a prompt glyph at the cursor as idle by the screen, anything else as unknown', () => {
    for (const line of ['❯ ', '❯', '> ', 'user@host:~$ ', 'root@host:/# ', 'bash-5.2$ ', '$ '])
      expect(screen(line)).toBe('idle');
    for (const line of ['', 'compiling', '50 % done', 'a -> b', '<html>x', 'cost: 5$x'])
      expect(screen(line)).toBe('unknown');
  });

  it('R-6: is booting before anything was printed, never idle from silence', () => {
    expect(readActivity(NO_EVIDENCE)).toEqual({ state: 'booting', evidence: 'none', question: null });
  });
});
