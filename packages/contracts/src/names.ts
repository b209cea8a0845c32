import { z } from 'zod';

// Control characters and bidirectional overrides: neither may reach a terminal, a log or a model from a name.
// eslint-disable-next-line no-control-regex -- the point of this expression is control characters
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g;

const stripControl = (text: string): string => text.replace(CONTROL, '').trim();

/** A task's name: 1 to 200 characters; control characters are stripped before they are counted. */
export const TaskName = z
  .string()
  .overwrite(stripControl)
  .min(1)
  .max(200)
  .describe('What the task is called, 1 to 200 characters. Control characters are stripped.');

/** A short label of a project or a coordinator, same rules as a task's name. */
export const Label = z.string().overwrite(stripControl).min(1).max(100);

/**
 * Says what is wrong with a branch name by the rules of `git check-ref-format --branch` (git-check-ref-format(1)),
 * or null. `HEAD` and everything that git would expand (`@{-1}`) or read as an option (`-x`) is refused.
 */
export function branchNameFault(name: string): string | null {
  if (name === '') return 'it is empty';
  if (new TextEncoder().encode(name).length > 200) return 'it is longer than 200 bytes';
  if (name.startsWith('-')) return 'it starts with "-", which git reads as an option';
  if (name === 'HEAD') return '"HEAD" names no branch';
  if (name.includes('@{')) return 'it has "@{" in it';
  // eslint-disable-next-line no-control-regex -- git refuses exactly these
  if (/[\u0000-\u0020\u007f~^:?*[\\]/.test(name)) return 'it has a space, a control character or one of ~ ^ : ? * [ \\';
  if (name.includes('..')) return 'it has ".." in it';
  if (name.endsWith('.')) return 'it ends with "."';
  for (const part of name.split('/')) {
    if (part === '') return 'it starts or ends with "/" or has "//" in it';
    if (part.startsWith('.')) return 'a part of it starts with "."';
    if (part.endsWith('.lock')) return 'a part of it ends with ".lock"';
  }
  return null;
}

/** A branch name that git takes, and that git can never take for an option. */
export const BranchName = z.string().check((context) => {
  const fault = branchNameFault(context.value);
  if (fault !== null) {
    context.issues.push({ code: 'custom', message: `not a branch name: ${fault}`, input: context.value });
  }
});

/** Lower-case letters, digits and hyphens of a name, at most 40 characters; `task` where nothing is left. */
export function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return slug === '' ? 'task' : slug;
}

/** The branch a task's work is pushed to: `task/<slug>-<first 8 of the id>`. */
export const taskBranch = (name: string, id: string): string => `task/${slugOf(name)}-${id.slice(0, 8)}`;

/** Where an attempt's work is kept once its worktree is gone. */
export const archiveRef = (taskId: string, attempt: number | 'branch'): string => `refs/archive/${taskId}/${attempt}`;
