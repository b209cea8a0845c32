import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/replay/main.js', import.meta.url));
const FIXTURE = fileURLToPath(new URL('../agents/fixtures/claude-2.1.330-permission.json.gz', import.meta.url));

const run = (...files: string[]): Promise<{ code: number; out: string; told: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...files], (error, out, told) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, told }),
    );
  });

it('RA-17: prints each change with its evidence and each mark, and the score aside', async () => {
  const { code, out, told } = await run(FIXTURE);
  expect(code).toBe(0);
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(new Set(lines.map((line) => Object.keys(line).join()))).toEqual(
    new Set(['file,t,state,evidence', 'file,t,mark,state']),
  );
  expect(lines).toContainEqual({ file: FIXTURE, t: 5722, mark: 'permission-prompt', state: 'waiting_input' });
  expect(lines).toContainEqual({ file: FIXTURE, t: 9839, state: 'busy', evidence: 'title: ◐ Claude Code' });
  expect(told).toMatch(/^waiting_input: precision 1, recall 1, 2 marks$/m);
  expect(told).toMatch(/^waiting_input: precision 1, recall 1, \d+ frames, untold of \d+$/m);
  expect(told).toMatch(/^frames: (\d+) in all, \d+ told, \d+ untold$/m);
});

it('RA-17: says in words what is no recording', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'replay-'));
  const file = join(folder, 'x.json');
  await writeFile(file, JSON.stringify({ v: 1, name: 'x', cmd: ['vim'], cols: 80, rows: 24, chunks: [] }));
  expect(await run(file)).toMatchObject({
    code: 1,
    out: '',
    told: expect.stringMatching(/no agent that is known/) as string,
  });
  const both = await run(file, FIXTURE);
  expect([both.code, both.told]).toEqual([1, expect.stringMatching(/recall 1, 2 marks$/m)]);
  expect(both.out).toContain('"mark":"permission-prompt","state":"waiting_input"');
  expect(await run()).toMatchObject({ code: 2, out: '' });
  expect(await run(join(folder, 'none.json'))).toMatchObject({
    code: 1,
    told: expect.stringMatching(/ENOENT/) as string,
  });
  await rm(folder, { recursive: true });
});
