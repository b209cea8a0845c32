import { describe, expect, it } from 'vitest';
import { PtyProcess } from './pty-process.ts';

const env = { PATH: '/usr/bin:/bin', TERM: 'xterm-256color' };

async function start(argv: readonly string[]): Promise<{ pty: PtyProcess; output: () => Buffer }> {
  const parts: Buffer[] = [];
  const [program = '', ...args] = argv;
  const pty = await PtyProcess.start({
    program,
    args,
    env,
    cwd: '/tmp',
    cols: 80,
    rows: 24,
    onOutput: (data) => parts.push(data),
  });
  return { pty, output: () => Buffer.concat(parts) };
}

const letters = (bytes: number): string =>
  `i=0; while [ $i -lt ${bytes / 100} ]; do printf '%0100d' $i; i=$((i+1)); done`;

describe('a program in a terminal', () => {
  it('R-1: 100 KB printed right before the exit arrive whole, 60 times out of 60', async () => {
    for (let run = 0; run < 60; run += 1) {
      const { pty, output } = await start(['/bin/sh', '-c', `${letters(100_000)}; exit 7`]);
      const exit = await pty.exited;
      pty.close();
      expect(exit).toEqual({ code: 7, signal: null });
      expect(output().length).toBe(100_000);
      expect(output().subarray(-100).toString()).toBe('999'.padStart(100, '0'));
    }
  });

  it('R-1: the exit is known at once, also when nothing was printed', async () => {
    const took: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const begun = performance.now();
      const { pty, output } = await start(['/bin/true']);
      expect(await pty.exited).toEqual({ code: 0, signal: null });
      pty.close();
      expect(output().length).toBe(0);
      took.push(performance.now() - begun);
    }
    // The best of five: the machine may be busy with something else for a moment.
    expect(Math.min(...took)).toBeLessThan(400);
  });

  it('R-1: a few words of a program that is gone before it is looked at arrive, 60 times out of 60', async () => {
    for (let run = 0; run < 60; run += 1) {
      const starting = start(['/bin/echo', 'few words']);
      // The loop is held up for longer than the program lives.
      const until = performance.now() + 10;
      while (performance.now() < until);
      const { pty, output } = await starting;
      await pty.exited;
      pty.close();
      expect(output().toString()).toBe('few words\r\n');
    }
  });

  it('R-1: a signal that ended the program is named', async () => {
    const { pty } = await start(['/bin/sh', '-c', 'kill -9 $$']);
    expect(await pty.exited).toEqual({ code: null, signal: 'SIGKILL' });
    pty.close();
  });

  it('R-2: 64 KiB reach a slow reader in raw mode byte for byte while it prints as much itself', async () => {
    const script = `
      process.stdin.setRawMode(true);
      process.stdout.write('READY');
      const hash = require('node:crypto').createHash('sha256');
      let count = 0;
      const big = 'x'.repeat(300000);
      setTimeout(() => {
        process.stdout.write(big);
        process.stdin.on('data', (data) => {
          hash.update(data);
          count += data.length;
          if (count === 65536) process.stdout.write('[' + hash.digest('hex') + ']', () => process.exit(0));
        });
      }, 300);`;
    const { pty, output } = await start([process.execPath, '-e', script]);
    const text = Array.from({ length: 65_536 }, (_, index) => String.fromCharCode(33 + (index % 90))).join('');
    while (!output().includes('READY')) await new Promise((resolve) => setImmediate(resolve));
    await pty.writer.write(text);
    await pty.exited;
    pty.close();
    const { createHash } = await import('node:crypto');
    expect(output().toString('latin1')).toContain(`[${createHash('sha256').update(text).digest('hex')}]`);
  });
});
