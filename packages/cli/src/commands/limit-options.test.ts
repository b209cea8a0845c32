import { DEFAULT_LIMITS } from '@roundhouse/contracts';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { launcherFinding } from '../doctor/checks.ts';
import { END_WORDS } from '../state-words.ts';
import { duration, durationWords } from './duration.ts';
import { type LimitOptions, limitsOf, limitWords, withLimits } from './limit-options.ts';

const parse = (...args: string[]) => {
  const command = withLimits(new Command('x'), 'the project’s')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  command.parse(args, { from: 'user' });
  return limitsOf(command.opts<LimitOptions>());
};

describe('limits on the command line', () => {
  it('LM-5: durations are read and written in d, h, m and s', () => {
    expect(['90s', '15m', '2h', '1d', '1h30m', '45', '0s'].map(duration)).toEqual([
      90, 900, 7_200, 86_400, 5_400, 45, 0,
    ]);
    for (const text of ['', 'x', '1.5h', '5 m', '-1s', '1m1h', '9ms', 'NaN'])
      expect(() => duration(text)).toThrow(/duration/);
    expect([90, 900, 7_200, 86_400, 5_400, 0].map(durationWords)).toEqual(['1m30s', '15m', '2h', '1d', '1h30m', '0s']);
  });

  it('LM-5: only what is given is sent', () => {
    expect(parse()).toEqual({});
    expect(parse('--image', 'debian:12')).toEqual({ image: 'debian:12' });
    expect(parse('--memory', '2048', '--cpus', '0.5', '--pids', '64', '--disk', '1024', '--timeout', '30m')).toEqual({
      limits: { memoryMb: 2_048, cpus: 0.5, pids: 64, diskMb: 1_024, wallClockSeconds: 1_800 },
    });
    for (const [option, text] of [
      ['--memory', '2g'],
      ['--cpus', 'many'],
      ['--pids', '-1'],
      ['--disk', '1e3'],
      ['--timeout', 'long'],
    ] as const) {
      expect(() => parse(option, text), option).toThrow(/must be/);
    }
  });

  it('LM-5: limits and ends are named for a person', () => {
    expect(limitWords(DEFAULT_LIMITS)).toBe('4096 MiB memory, 2 cpus, 512 pids, 10240 MiB disk, 4h');
    expect([END_WORDS.oom, END_WORDS.timeout, END_WORDS.disk]).toEqual(['out of memory', 'out of time', 'out of disk']);
  });

  it('TL-14: doctor says how many launchers are ready, and why others are not', () => {
    const launcher = {
      id: 'x',
      host: 'one',
      sandboxes: 'docker',
      ready: true,
      reason: null,
      slots: 1,
      running: 0,
      warm: 0,
      worktrees: 'checkout',
      note: null,
    } as const;
    expect(launcherFinding([])).toEqual({ well: false, found: '0 of 0 ready' });
    expect(launcherFinding([launcher, { ...launcher, host: 'two', ready: false, reason: 'no engine' }])).toEqual({
      well: true,
      found: '1 of 2 ready (two: no engine)',
    });
    expect(launcherFinding([{ ...launcher, ready: false }]).well).toBe(false);
  });
});
