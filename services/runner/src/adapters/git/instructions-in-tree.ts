import { mkdir, readFile, realpath, rm } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { writeFileAtomic } from '@roundhouse/host';
import { z } from 'zod';
import { cleanProgram, instructionsBlock, withBlock, withoutBlock } from '../../domain/tree-instructions.ts';
import type { TreeInstructions, TreeInstructionsOrder } from '../../ports.ts';
import { git } from './git.ts';
import { ATTRIBUTES, filterConfig, filterFilesIn } from './instructions-filter.ts';
import { putFile, quoted } from './repository-files.ts';

/** What was done, for whoever undoes it: this runner, or one that cleans up after it. */
const State = z.object({ taskId: z.uuid(), file: z.string(), ours: z.boolean() });

const EXCLUDE_HEAD = '# Holds nothing but the instructions of this sub-task:\n';

/**
 * Instructions in a file of the worktree, with git told to see none of it: a filter takes them out of whatever goes into
 * the index, and a file that is ours alone is excluded. The agent owns its repository, so all of this is help; what holds
 * is that the hub refuses them.
 */
export class GitTreeInstructions implements TreeInstructions {
  readonly #inherited: Readonly<Record<string, string>>;

  constructor(inherited: Readonly<Record<string, string>>) {
    this.#inherited = inherited;
  }

  async plant(order: TreeInstructionsOrder, signal: AbortSignal): Promise<void> {
    const { folder, worktree, file, taskId, text } = order;
    const { program, attributes, state } = filterFilesIn(folder);
    const target = await targetOf(worktree, file);
    const before = await contentOf(target);
    // The order matters where this is cut off: git is told first, and who cleans up knows before the file is touched.
    await putFile(program, cleanProgram(taskId, file));
    await putFile(attributes, ATTRIBUTES);
    await addConfig(join(worktree, '.git/config'), folder);
    if (before === null) await addExclude(join(worktree, '.git/info/exclude'), file);
    const done: z.infer<typeof State> = { taskId, file, ours: before === null };
    await writeFileAtomic(state, JSON.stringify(done), { mode: 0o600 });
    const block = Buffer.from(instructionsBlock(taskId, text), 'utf8').toString('latin1');
    await write(target, withBlock(before ?? '', block));
    // Git takes a file of another size for changed until it has looked at it.
    if (before !== null) await this.#look(worktree, relative(await realpath(worktree), target), signal);
  }

  /** Where it is tracked: what is ignored though it is there is nobody's business here. */
  async #look(worktree: string, name: string, signal: AbortSignal): Promise<void> {
    const options = { path: worktree, inherited: this.#inherited, signal };
    await git(options, ['add', '--update', '--', `:(top,literal)${name}`]);
  }

  async remove(folder: string): Promise<void> {
    const text = await readFile(filterFilesIn(folder).state, 'utf8').catch(absent);
    if (text === null) return;
    const { taskId, file, ours } = State.parse(JSON.parse(text));
    const worktree = join(folder, 'worktree');
    const target = await targetOf(worktree, file);
    const content = await contentOf(target);
    if (content === null) return;
    const left = withoutBlock(content, taskId);
    if (left === '' && ours) return rm(target, { force: true });
    if (left !== content) await write(target, left);
    // The agent has made it a file of its own: it is part of the work.
    if (ours) await dropExclude(join(worktree, '.git/info/exclude'));
  }
}

const write = (target: string, content: string): Promise<void> =>
  writeFileAtomic(target, Buffer.from(content, 'latin1'), { mode: 0o644 });

/** The file itself, or the one of the worktree that it is a link to. @throws where it leads out of the worktree. */
async function targetOf(worktree: string, file: string): Promise<string> {
  const root = await realpath(worktree);
  const path = join(root, file);
  const target = (await realpath(path).catch(absent)) ?? path;
  if (target.startsWith(root + sep)) return target;
  throw new Error(`${file} is a link to a file outside of the worktree, which instructions cannot be put into`);
}

async function addConfig(path: string, folder: string): Promise<void> {
  const lines = filterConfig(folder).map(([key, value]) => {
    const [section = '', name = '', variable] = key.split('.');
    return variable === undefined
      ? `[${section}]\n\t${name} = ${quoted(value)}\n`
      : `[${section} ${quoted(name)}]\n\t${variable} = ${quoted(value)}\n`;
  });
  await putFile(path, (await readFile(path, 'utf8')) + lines.join(''));
}

async function addExclude(path: string, file: string): Promise<void> {
  const before = (await readFile(path, 'utf8').catch(absent)) ?? '';
  await mkdir(dirname(path), { recursive: true });
  await putFile(path, `${before}${EXCLUDE_HEAD}/${file}\n`);
}

async function dropExclude(path: string): Promise<void> {
  const before = await readFile(path, 'utf8').catch(absent);
  if (before === null) return;
  const at = before.indexOf(EXCLUDE_HEAD);
  if (at !== -1) await putFile(path, before.slice(0, at) + before.slice(at + EXCLUDE_HEAD.length).replace(/^.*\n/, ''));
}

const contentOf = (path: string): Promise<string | null> => readFile(path, 'latin1').catch(absent);

const absent = (error: NodeJS.ErrnoException): null => {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw error;
};
