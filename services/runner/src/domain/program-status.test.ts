import { describe, expect, it } from 'vitest';
import { BOOTING, type Reading, readActivity } from './activity.ts';
import { type Evidence, NO_EVIDENCE } from './evidence.ts';
import { parseProgramStatus } from './program-status.ts';
import { PLAIN_SIGNS } from './signs.ts';

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

  it('R-5: reads messages as the protocol has them, and takes no part of a program for the whole', () => {
    expect(parseProgramStatus('state=blocked:app=claude-code:kind=permission:msg=cnVuIOKAnGxz4oCd')).toMatchObject({
      question: { kind: 'permission', text: 'run “ls”' },
    });
    expect(parseProgramStatus('state=idle:app=codex')).toEqual({ state: 'idle' });
    expect(parseProgramStatus('state=idle:app=x:id=task-7')).toBeNull();
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
  const read = (evidence: Partial<Evidence>): Reading => readActivity({ ...NO_EVIDENCE, ...evidence }, PLAIN_SIGNS);
  const showing = (line: string): Evidence['sighting'] =>
    PLAIN_SIGNS.look({ cols: 80, lines: [line], cursor: { x: line.length, y: 0 }, shades: () => [] });
  const screen = (line: string): string => read({ sighting: showing(line) }).state;

  it('R-6: takes the program’s own word before the screen', () => {
    const working = { status: { state: 'working' } as const, sighting: showing('❯ ') };
    expect(read(working)).toEqual({ state: 'busy', evidence: 'status', words: 'state=working', question: null });
    expect(read({ ...working, status: null })).toMatchObject({
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
    expect(read({})).toEqual(BOOTING);
  });
});
