import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { dataPaths } from '../data-folder.ts';
import { Failure } from '../failure.ts';
import { git } from '../git.ts';
import { writeState } from '../state-files.ts';
import { chooseRepository } from './repository-choice.ts';
import { ensureSampleRepository } from './sample-repository.ts';

const signal = new AbortController().signal;
const config = readConfig({ ...process.env }, false);

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'repository-choice-')));
});
afterEach(() => rm(folder, { recursive: true }));

describe('chooseRepository', () => {
  const choose = (named: string | undefined, cwd: string) =>
    chooseRepository(named, { paths: dataPaths(join(folder, 'data')), config, cwd, signal });

  it('C-8: the checkout that one stands in, from any folder of it', async () => {
    const made = await ensureSampleRepository(join(folder, 'app'), config.inherited, signal);
    expect(await choose(undefined, join(made, 'src'))).toEqual({ path: made, generated: false });
    expect(await choose('app', folder)).toEqual({ path: made, generated: false });
  });

  it('C-8: a named folder that is no checkout, or has no commit, is refused with words', async () => {
    await mkdir(join(folder, 'empty'));
    await expect(choose('empty', folder)).rejects.toThrow(Failure);
    await git(['init', '--quiet'], { cwd: join(folder, 'empty'), environment: config.inherited });
    await expect(choose('empty', folder)).rejects.toThrow(/no git checkout with a commit/);
    await expect(choose('absent', folder)).rejects.toThrow(Failure);
  });

  it('C-8: outside of any checkout a sample is made once, and the last start’s repository is used again', async () => {
    const first = await choose(undefined, folder);
    expect(first).toEqual({ path: join(folder, 'data', 'sample'), generated: true });
    const log = await git(['log', '--format=%s'], { cwd: first.path, environment: config.inherited });
    expect(log.trim()).toBe('A sample to begin with');
    expect(await choose(undefined, folder)).toEqual(first);

    const entry = {
      repository: '/elsewhere',
      project: { id: '3af40be5-4690-4433-ac4a-464c615b1c6c', name: 'e', defaultBranch: 'main' },
      coordinator: { id: 'c', token: 't' },
    };
    await writeState(dataPaths(join(folder, 'data')), { version: 1, current: '/elsewhere', entries: [entry] });
    expect(await choose(undefined, folder)).toEqual({ path: '/elsewhere', generated: false });
  });
});
