import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { instructionsMark } from '@roundhouse/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { subTaskInstructions } from '../../domain/instructions.ts';
import { git } from '../../testing/git-http.ts';
import { GitWorld } from '../../testing/git-world.ts';
import { WorktreeArchiver } from './archive-worktree.ts';
import { CheckoutWorktrees } from './checkout-worktree.ts';
import { GitTreeInstructions } from './instructions-in-tree.ts';
import { BranchPublisher } from './publish-branch.ts';

const inherited = { PATH: process.env['PATH'] ?? '' };
const HOOK = fileURLToPath(new URL('../../../../coordinator/hooks/pre-receive', import.meta.url));
const REF = 'refs/archive/x/1';
const FILE = 'AGENTS.md';
const taskId = randomUUID();
const mark = instructionsMark(taskId);
const text = subTaskInstructions({ branch: 'task/x-1', baseBranch: 'main' });
const signal = (): AbortSignal => AbortSignal.timeout(25_000);

let world: GitWorld;
afterEach(() => world.remove());

const path = (): string => world.worktree;
const inTree = (name: string): string => join(path(), name);
const inGit = (...args: string[]): Promise<string> => git(path(), ...args);
const read = (name: string): Promise<string> => readFile(inTree(name), 'latin1');

/** What the repository has of the file before the task: its bytes and its mode; null: it has none. */
interface Tracked {
  readonly content: string;
  readonly mode: number;
}

/** A worktree with the instructions in its file, over a hub that has the hook of the service. */
async function planted(tracked: Tracked | null): Promise<void> {
  world = await GitWorld.make();
  await world.seed(async (source) => {
    await writeFile(join(source, 'a.txt'), 'a\n');
    await writeFile(join(source, '.gitattributes'), '* -text\n');
    if (tracked === null) return;
    await writeFile(join(source, FILE), tracked.content, 'latin1');
    await chmod(join(source, FILE), tracked.mode);
  });
  await mkdir(join(world.bare, 'hooks'), { recursive: true });
  const environment = `ROUNDHOUSE_BLOCK='${mark}' ROUNDHOUSE_SCAN=scanned-x ROUNDHOUSE_UNSCANNED=refuse`;
  await writeFile(join(world.bare, 'hooks/pre-receive'), `#!/bin/sh\n${environment} exec sh '${HOOK}'\n`, {
    mode: 0o755,
  });
  const { hub, hubObjects, baseCommit } = world;
  const order = { path: path(), hub, hubObjects, baseBranch: 'main', baseCommit, branch: 'task/x-1' };
  await new CheckoutWorktrees(inherited).create(order, signal());
  await new GitTreeInstructions(inherited).plant(
    { folder: dirname(path()), worktree: path(), file: FILE, taskId, text },
    signal(),
  );
}

const remove = () => new GitTreeInstructions(inherited).remove(dirname(path()));
const publish = () =>
  new BranchPublisher(inherited).publish({ path: path(), hub: world.hub, branch: 'task/x-1' }, signal());
const archive = () =>
  new WorktreeArchiver(inherited).archive(
    { path: path(), scratch: join(world.root, 'sandbox/archive'), hub: world.hub, ref: REF },
    signal(),
  );

/** Every object that the repository has, the index and what a diff says: none has the mark. */
async function expectUnseen(folder = path()): Promise<void> {
  const objects = await git(folder, 'cat-file', '--batch-all-objects', '--batch-check=%(objectname) %(objecttype)');
  for (const line of objects.split('\n')) {
    const [name = '', type = ''] = line.split(' ');
    if (type === 'blob' || type === 'commit') expect(await git(folder, 'cat-file', type, name)).not.toContain(mark);
  }
}

const TRACKED: [string, Tracked][] = [
  ['LF, 0644', { content: '# Rules\n\nBe kind.\n', mode: 0o644 }],
  ['LF, 0755', { content: '# Rules\n', mode: 0o755 }],
  ['CRLF, 0644', { content: '# Rules\r\n\r\nBe kind.\r\n', mode: 0o644 }],
  ['CRLF, 0755, no line end at the end, no UTF-8', { content: 'Gr\u00fc\u00dfe\r\nlast', mode: 0o755 }],
  ['without a line end', { content: 'one line', mode: 0o644 }],
  ['empty', { content: '', mode: 0o644 }],
];

describe('instructions in a file that the repository tracks', () => {
  for (const [what, tracked] of TRACKED) {
    it(`IT-6: ${what}: the agent sees them, git does not, and taken out again the file is what it was`, async () => {
      await planted(tracked);
      const now = await read(FILE);
      const lines = tracked.content.includes('\r\n') ? text.replaceAll('\n', '\r\n') : text;
      expect(now).toContain(lines.trimEnd());
      expect(now.replace(/^[^\n]*roundhouse:sub-task[^]*roundhouse:sub-task[^\n]*\n/m, '')).toBe(tracked.content);
      expect((await stat(inTree(FILE))).mode & 0o777).toBe(tracked.mode);
      expect(await inGit('status', '--porcelain')).toBe('');
      expect(await inGit('diff')).toBe('');
      await inGit('add', '--all');
      await inGit('add', '--force', FILE);
      expect(await inGit('diff', '--cached')).toBe('');
      await remove();
      expect(await read(FILE)).toBe(tracked.content);
      expect((await stat(inTree(FILE))).mode & 0o777).toBe(tracked.mode);
      await remove();
      expect(await archive()).toEqual({ outcome: 'archived', commit: world.baseCommit });
      await expectUnseen();
    });
  }

  it('IT-7: the agent’s own changes of that file are committed, without the instructions', async () => {
    await planted({ content: '# Rules\n', mode: 0o644 });
    await writeFile(inTree(FILE), `First.\n${await read(FILE)}Last.\n`, 'latin1');
    expect(await inGit('diff')).not.toContain(mark);
    await inGit('commit', '--quiet', '--all', '--message', 'rules');
    expect(await inGit('show', `HEAD:${FILE}`)).toBe('First.\n# Rules\nLast.');
    expect(await publish()).toMatchObject({ outcome: 'published', dirty: [], untracked: [] });
    await remove();
    expect(await read(FILE)).toBe('First.\n# Rules\nLast.\n');
    expect(await archive()).toMatchObject({ outcome: 'archived', commit: await inGit('rev-parse', 'HEAD') });
  });

  it('IT-8: copied, renamed, copied twice into one file, moved on from: git never has them', async () => {
    await planted({ content: '# Rules\n', mode: 0o644 });
    await copyFile(inTree(FILE), inTree('copy.md'));
    await writeFile(inTree('twice.md'), `a\n${await read(FILE)}b\n${await read(FILE)}c\n`, 'latin1');
    await inGit('add', '--all');
    await inGit('commit', '--quiet', '--message', 'copies');
    expect(await inGit('show', 'HEAD:copy.md')).toBe('# Rules');
    expect(await inGit('show', 'HEAD:twice.md')).toBe('a\n# Rules\nb\n# Rules\nc');
    await inGit('mv', FILE, 'RENAMED.md');
    await inGit('commit', '--quiet', '--all', '--message', 'renamed');
    await inGit('stash');
    await rename(inTree('RENAMED.md'), inTree('again.md'));
    await writeFile(inTree('binary'), Buffer.from([0, 1, 255, 10, 0]));
    await inGit('add', '--all', '--force');
    await inGit('commit', '--quiet', '--message', 'again');
    expect(await git(path(), 'cat-file', '-s', 'HEAD:binary')).toBe('5');
    expect(await publish()).toMatchObject({ outcome: 'published' });
    await expectUnseen();
    await expectUnseen(world.bare);
  });

  it('IT-9: of a link it is the file of the worktree that it leads to; a link that leads out is refused', async () => {
    await planted({ content: '# Rules\n', mode: 0o644 });
    await symlink(FILE, inTree('CLAUDE.md'));
    const other = { folder: dirname(path()), worktree: path(), taskId, text };
    await new GitTreeInstructions(inherited).plant({ ...other, file: 'CLAUDE.md' }, signal());
    expect(await inGit('status', '--porcelain')).toBe('?? CLAUDE.md');
    await symlink('/etc/hosts', inTree('GEMINI.md'));
    await expect(new GitTreeInstructions(inherited).plant({ ...other, file: 'GEMINI.md' }, signal())).rejects.toThrow(
      'outside of the worktree',
    );
  });
});

describe('instructions in a file that is there for them alone', () => {
  it('IT-10: git does not see it, whatever is added, and it is gone at the end', async () => {
    await planted(null);
    expect((await stat(inTree(FILE))).mode & 0o777).toBe(0o644);
    expect(await inGit('status', '--porcelain')).toBe('');
    await writeFile(inTree('work.txt'), 'work\n');
    await inGit('add', '--all');
    await expect(inGit('add', '--force', FILE)).rejects.toThrow('nothing but the instructions');
    await inGit('commit', '--quiet', '--message', 'work');
    expect(await inGit('ls-tree', '-r', '--name-only', 'HEAD')).not.toContain(FILE);
    await remove();
    await expect(stat(inTree(FILE))).rejects.toMatchObject({ code: 'ENOENT' });
    await archive();
    expect(await git(world.bare, 'ls-tree', '-r', '--name-only', REF)).not.toContain(FILE);
    await expectUnseen();
  });

  it('IT-10: what the agent makes of the file is its own work, and is saved', async () => {
    await planted(null);
    await writeFile(inTree(FILE), `# Rules of this house\n${await read(FILE)}`, 'latin1');
    await remove();
    expect(await read(FILE)).toBe('# Rules of this house\n');
    await archive();
    expect(await git(world.bare, 'show', `${REF}:${FILE}`)).toBe('# Rules of this house');
  });

  it('IT-11: a runner that is killed leaves it to whoever saves the work, also under another name', async () => {
    await planted(null);
    await copyFile(inTree(FILE), inTree('notes.md'));
    await writeFile(inTree('more.md'), `mine\n${await read(FILE)}`, 'latin1');
    await writeFile(inTree(`.${FILE}.0011223344556677.tmp`), await read(FILE), 'latin1');
    await remove();
    await archive();
    expect(await git(world.bare, 'show', `${REF}:more.md`)).toBe('mine');
    const names = await git(world.bare, 'ls-tree', '-r', '--name-only', REF);
    expect(names.split('\n')).not.toContain(FILE);
    await expectUnseen(world.bare);
  });
});

describe('an agent that turns the filter off', () => {
  it('IT-12: the hub refuses its push, and what it did is saved without the commits that hold them', async () => {
    await planted({ content: '# Rules\n', mode: 0o644 });
    await writeFile(inTree('work.txt'), 'work\n');
    await inGit('-c', 'core.attributesFile=/dev/null', 'add', '--all', '--force');
    // What is older than the index git takes for unchanged, and on a busy machine the file is.
    await inGit('-c', 'core.attributesFile=/dev/null', 'add', '--renormalize', '.');
    await inGit('-c', 'core.attributesFile=/dev/null', 'commit', '--quiet', '--all', '--message', 'with them');
    const guilty = await inGit('rev-parse', 'HEAD');
    expect(await inGit('show', `HEAD:${FILE}`)).toContain(mark);
    await inGit('config', '--unset', 'core.attributesFile');
    await expect(publish()).rejects.toThrow(`instructions_in_push: ${FILE} in commit ${guilty}`);
    await remove();
    expect(await archive()).toMatchObject({ outcome: 'archived' });
    expect(await git(world.bare, 'show', `${REF}:work.txt`)).toBe('work');
    expect(await git(world.bare, 'show', `${REF}:${FILE}`)).toBe('# Rules');
    expect(await git(world.bare, 'rev-parse', `${REF}^`)).toBe(world.baseCommit);
    expect(await git(world.bare, 'log', '-1', '--format=%B', REF)).toContain('were not kept');
    await expectUnseen(world.bare);
  });
});
