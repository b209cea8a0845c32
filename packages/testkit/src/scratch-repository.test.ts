import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { failOnLeaks } from './leak-check.ts';
import { scratchRepository } from './scratch-repository.ts';

failOnLeaks();

it('makes a repository with one commit on main, whatever git is configured to', async () => {
  const repository = await scratchRepository({ 'a.txt': 'one\n', 'deep/b.bin': Uint8Array.of(0, 255) });
  try {
    expect(await repository.git('symbolic-ref', 'HEAD')).toBe('refs/heads/main');
    expect(await repository.git('ls-files')).toBe('a.txt\ndeep/b.bin');
    expect(await repository.git('status', '--porcelain')).toBe('');
    expect(await readFile(join(repository.path, 'deep/b.bin'))).toEqual(Buffer.from([0, 255]));
  } finally {
    await repository.remove();
  }
});

it('commits writes and deletions, and reads them back at any commit', async () => {
  const repository = await scratchRepository({ 'a.txt': 'one\n' });
  try {
    const first = await repository.git('rev-parse', 'HEAD');
    const second = await repository.commit('second', { 'a.txt': null, 'b.txt': 'two\n' });
    expect(await repository.show('a.txt', first)).toBe('one');
    expect(await repository.show('a.txt', second)).toBeNull();
    expect(await repository.show('b.txt')).toBe('two');
  } finally {
    await repository.remove();
  }
});

it('rejects where git fails, and remove leaves no folder', async () => {
  const repository = await scratchRepository();
  await expect(repository.git('rev-parse', '--verify', 'refs/heads/none')).rejects.toThrow(/Needed a single revision/);
  await repository.remove();
  await expect(stat(repository.path)).rejects.toThrow(/ENOENT/);
});
