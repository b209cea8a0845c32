import { chmod, lstat, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { moveAtomic, writeFileAtomic } from './atomic-file.ts';
import { runCommand } from './run-command.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'host-atomic-'));
});
afterEach(() => rm(folder, { recursive: true }));

const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);

describe('writeFileAtomic', () => {
  it('H-1: writes the exact mode whatever the umask', async () => {
    const module = new URL('../dist/index.js', import.meta.url).href;
    for (const umask of ['0077', '0000']) {
      const path = join(folder, `u${umask}`);
      const script = `process.umask(0o${umask}); (await import(process.argv[1])).writeFileAtomic(process.argv[2], 'x', { mode: 0o644 })`;
      await runCommand(process.execPath, ['--input-type=module', '-e', script, module, path], { timeoutMs: 10_000 });
      expect(await modeOf(path)).toBe('644');
    }
  });

  it('H-1: keeps the mode of a file that is there', async () => {
    const path = join(folder, 'state');
    await writeFile(path, 'old');
    await chmod(path, 0o640);
    await writeFileAtomic(path, 'new', { mode: 0o600 });
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await modeOf(path)).toBe('640');
  });

  it('H-2: replaces a symbolic link instead of writing through it', async () => {
    const victim = join(folder, 'victim');
    const path = join(folder, 'config');
    await writeFile(victim, 'mine', { mode: 0o666 });
    await symlink(victim, path);
    await writeFileAtomic(path, 'secret', { mode: 0o600 });
    expect(await readFile(victim, 'utf8')).toBe('mine');
    expect((await lstat(path)).isFile()).toBe(true);
    expect(await modeOf(path)).toBe('600');
  });

  it('H-2: readers see whole files only, while many write, and nothing is left over', async () => {
    const path = join(folder, 'shared');
    const texts = Array.from({ length: 8 }, (_, index) => String(index).repeat(200_000));
    await writeFileAtomic(path, texts[0] as string, { mode: 0o600 });
    const writing = new AbortController();
    const seen = new Set<string>();
    const reading = (async () => {
      while (!writing.signal.aborted) seen.add(await readFile(path, 'utf8'));
    })();
    await Promise.all(texts.map((text) => writeFileAtomic(path, text, { mode: 0o600 })));
    writing.abort();
    await reading;
    expect([...seen].every((text) => texts.includes(text))).toBe(true);
    expect(await readdir(folder)).toEqual(['shared']);
  });

  it('H-2: a failed write leaves the old file and no temporary one', async () => {
    const path = join(folder, 'folder-in-the-way');
    await expect(writeFileAtomic(join(path, 'x'), 'new', { mode: 0o600 })).rejects.toMatchObject({ code: 'ENOENT' });
    await writeFile(join(folder, 'keep'), 'kept');
    await rm(path, { force: true });
    expect(await readdir(folder)).toEqual(['keep']);
  });

  it('H-2: a move is one step, says when there is nothing to move, and never mixes two folders', async () => {
    const [from, to] = [join(folder, 'from'), join(folder, 'to')];
    expect(await moveAtomic(from, to)).toBe('absent');
    await mkdir(from);
    await mkdir(to);
    await writeFile(join(to, 'kept'), 'kept');
    expect(await moveAtomic(from, to)).toBe('occupied');
    await rm(to, { recursive: true });
    expect(await moveAtomic(from, to)).toBe('moved');
    expect(await readdir(folder)).toEqual(['to']);
  });
});
