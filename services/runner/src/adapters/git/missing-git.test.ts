import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gitCheck } from './git-version.ts';
import { inOneSentence, tooOld } from './missing-git.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rh-no-git-'));
});
afterEach(() => rm(folder, { recursive: true }));

const check = (): Promise<void> => gitCheck({ PATH: folder })(AbortSignal.timeout(5_000));

async function putGit(script: string, mode = 0o755): Promise<void> {
  await writeFile(join(folder, 'git'), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'git'), mode);
}

describe('an image without the git that is needed', () => {
  it('R-36: is told in one sentence: no git, one that is too old, one that does not run', async () => {
    await expect(check()).rejects.toThrow('there is no git here: a sandbox needs git 2.31 or newer on its PATH');
    await putGit('echo git version 2.20.1');
    await expect(check()).rejects.toThrow('git 2.20 is too old: a sandbox needs git 2.31 or newer on its PATH');
    await putGit('echo busybox');
    await expect(check()).rejects.toThrow('what is called git here is not git');
    await putGit('echo "git: error while loading shared libraries: libz.so.1: cannot open" >&2; exit 127');
    await expect(check()).rejects.toThrow('git cannot be run here: the library libz.so.1 is missing');
    await putGit('echo "git version 2.39.5 (Apple Git-154)"');
    await expect(check()).resolves.toBeUndefined();
  });

  it('R-36: what git says about the work is left as it is', () => {
    expect(inOneSentence("fatal: couldn't find remote ref main")).toBeNull();
    expect(inOneSentence("git: 'remote-http' is not a git command. See 'git --help'.")).toContain('cannot speak HTTP');
    expect(tooOld('git version 3.0.0')).toBeNull();
    expect(tooOld('git version 2.31.0.windows.1')).toBeNull();
  });
});
