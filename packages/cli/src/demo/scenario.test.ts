import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { ensureSampleRepository } from '../embedded/sample-repository.ts';
import { canBeTarget, demoTasks, resolvePrompt } from './scenario.ts';
import { findTarget } from './target-line.ts';

const TARGET = { path: 'README.md', line: '# Sample' };

describe('the scenario', () => {
  it('C-10: eight tasks, six that can land, two that change a line which a landing one changes', () => {
    const tasks = demoTasks(TARGET);
    expect(tasks.map(({ fate }) => fate).filter((fate) => fate === 'lands')).toHaveLength(6);
    const onTheLine = tasks.filter(({ prompt }) => prompt.includes('@replace README.md "# Sample"'));
    expect(onTheLine.map(({ fate }) => fate)).toEqual(['lands', 'conflicts', 'conflicts']);
    expect(new Set(tasks.map(({ name }) => name)).size).toBe(8);
    expect(resolvePrompt(TARGET, 'trunk')).toContain('@try git merge --no-edit origin/trunk');
  });

  it('C-10: a line with quotes, backslashes or control characters is left alone', () => {
    expect(canBeTarget('README.md', '# Sample')).toBe(true);
    for (const line of ['', ' x y', 'say "x"', 'a\\b', "it's", 'x\u001b[31m', 'é'])
      expect(canBeTarget('README.md', line)).toBe(false);
    expect(canBeTarget('READ ME.md', '# Sample')).toBe(false);
  });
});

describe('findTarget', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'target-line-')));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('C-10: finds the first line of the readme of a real repository', async () => {
    const { inherited } = readConfig({ ...process.env }, false);
    const cwd = await ensureSampleRepository(folder, inherited, new AbortController().signal);
    expect(await findTarget({ cwd, environment: inherited })).toEqual(TARGET);
  });
});
