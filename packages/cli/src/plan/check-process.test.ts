import { tmpdir } from 'node:os';
import { findProcesses } from '@roundhouse/host';
import { describe, expect, it } from 'vitest';
import { runCheckProcess } from './check-process.ts';

const never = new AbortController().signal;
const run = (command: string[], timeoutMs = 20_000, signal = never) =>
  runCheckProcess(command, { cwd: tmpdir(), environment: { PATH: process.env['PATH'] }, timeoutMs, signal });
const isAlive = async (pid: number) => (await findProcesses({ mark: 'none', roots: [pid] })).length > 0;

describe('runCheckProcess', () => {
  it('RP-8: tells exit codes, signals and missing programs apart, and keeps what was printed', async () => {
    expect(await run(['sh', '-c', 'echo out; echo err >&2'])).toMatchObject({ how: 'exited', code: 0 });
    const failed = await run(['sh', '-c', 'printf one; printf two >&2; exit 3']);
    expect(failed).toMatchObject({ how: 'exited', code: 3, words: 'exited with code 3' });
    expect(failed.output.length).toBe(6);
    expect(await run(['sh', '-c', 'kill -9 $$'])).toMatchObject({ how: 'killed', words: 'was ended by SIGKILL' });
    expect(await run(['no-such-program-here'])).toMatchObject({ how: 'could_not_start' });
  });

  it('RP-8: no shell sees the arguments', async () => {
    const { output } = await run(['printf', '%s|', '$HOME', '; exit 1', '*']);
    expect(output).toBe('$HOME|; exit 1|*|');
  });

  it('RP-8: keeps the end of a long output', async () => {
    const { output } = await run(['sh', '-c', 'seq 1 100000; echo the end']);
    expect(output.length).toBeLessThanOrEqual(65_536);
    expect(output.endsWith('100000\nthe end\n')).toBe(true);
  });

  it('RP-8: one that hangs, ignores signals and leaves a child behind is ended with all of it', async () => {
    const script = `trap '' TERM HUP INT; (setsid sh -c 'trap "" TERM HUP; echo $$; exec sleep 600' &) ; sleep 600`;
    const end = await run(['sh', '-c', script], 1_000);
    expect(end).toMatchObject({ how: 'timed_out', words: 'it was not done after 1 s' });
    const orphan = Number(/\d+/.exec(end.output)?.[0]);
    expect(orphan).toBeGreaterThan(1);
    expect(await isAlive(orphan)).toBe(false);
  });

  it('RP-9: a stop ends it', async () => {
    const stop = new AbortController();
    const running = run(['sleep', '600'], 600_000, stop.signal);
    stop.abort();
    expect(await running).toMatchObject({ how: 'stopped' });
    expect(await run(['sleep', '600'], 600_000, stop.signal)).toMatchObject({ how: 'stopped' });
  });
});
