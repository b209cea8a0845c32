import { rm, stat } from 'node:fs/promises';
import type { LandResult } from '../../domain/events.ts';
import { parseMergeTree } from './merge-tree.ts';
import { GitFailure, type TrustedGit } from './trusted-git.ts';

/** How often a landing starts over because somebody else moved the branch meanwhile. */
const MAX_RACES = 10;
/** A lock file of a ref that is older than this was left by a process that died: no write of a ref takes a second. ms */
const STALE_LOCK_MS = 30_000;
/** How far back a landing that crashed before it was recorded is looked for. */
const LOOK_BACK = 1_000;

export interface LandRequest {
  readonly commit: string;
  readonly target: string;
  readonly message: string;
}

const succeeds = async (command: Promise<string>): Promise<boolean> => {
  try {
    await command;
    return true;
  } catch (error) {
    if (error instanceof GitFailure && error.exitCode === 1) return false;
    throw error;
  }
};

/**
 * Puts a commit on a branch of a bare repository: merge without a work tree, then compare-and-swap of the ref. Invariant
 * I6: where the commit is in the branch already, nothing is written, so a landing that is repeated is one landing.
 */
export async function landInHub(git: TrustedGit, gitDir: string, request: LandRequest): Promise<LandResult> {
  const { commit, target, message } = request;
  const ref = `refs/heads/${target}`;
  for (let race = 0; race < MAX_RACES; race += 1) {
    const tip = (await git.run(gitDir, ['for-each-ref', '--format=%(objectname)', '--', ref])).trim();
    if (tip === '') return { kind: 'failed', reason: `the hub has no branch ${target}` };
    if (await succeeds(git.run(gitDir, ['merge-base', '--is-ancestor', commit, tip])))
      return await alreadyThere(git, gitDir, commit, tip);
    const merged = await mergeTrees(git, gitDir, tip, commit);
    if (merged.conflicts.length > 0) return { kind: 'conflicted', onto: tip, files: merged.conflicts };
    const landedAs = await commitMerge(git, gitDir, { tree: merged.tree, tip, commit, message });
    if (await swap(git, gitDir, ref, landedAs, tip)) return { kind: 'landed', landedAs, nothingToLand: false };
  }
  return { kind: 'failed', reason: `the branch ${target} was moved by others ${MAX_RACES} times in a row` };
}

async function alreadyThere(git: TrustedGit, gitDir: string, commit: string, tip: string): Promise<LandResult> {
  const rows = await git.run(gitDir, [
    'rev-list',
    '--first-parent',
    '--merges',
    '--parents',
    `--max-count=${LOOK_BACK}`,
    tip,
  ]);
  const landed = rows.split('\n').find((row) => row.split(' ').slice(2).includes(commit));
  const landedAs = landed?.split(' ')[0];
  return landedAs === undefined
    ? { kind: 'landed', landedAs: tip, nothingToLand: true }
    : { kind: 'landed', landedAs, nothingToLand: false };
}

/** Exit code 1 says that there are conflicts; the output names them. Histories that share nothing merge from an empty base. */
async function mergeTrees(
  git: TrustedGit,
  gitDir: string,
  tip: string,
  commit: string,
): Promise<ReturnType<typeof parseMergeTree>> {
  const args = ['merge-tree', '--write-tree', '-z', '--messages', '--allow-unrelated-histories', tip, commit];
  return parseMergeTree(await git.run(gitDir, args, { accept: [1] }));
}

interface Merge {
  readonly tree: string;
  readonly tip: string;
  readonly commit: string;
  readonly message: string;
}

/** The merge is in the name of who did the work: nothing of ours is in the history. */
async function commitMerge(git: TrustedGit, gitDir: string, { tree, tip, commit, message }: Merge): Promise<string> {
  const author = await git.run(gitDir, ['log', '-1', '--format=%an%x00%ae', commit, '--']);
  const [name = '', email = ''] = author.trimEnd().split('\0');
  const who: Record<string, string> = {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
  };
  return (await git.run(gitDir, ['commit-tree', tree, '-p', tip, '-p', commit, '-m', message], { env: who })).trim();
}

/** Compare-and-swap of a ref. False: it was moved, or a lock of a dead process had to be removed first. */
async function swap(git: TrustedGit, gitDir: string, ref: string, to: string, from: string): Promise<boolean> {
  try {
    await git.run(gitDir, ['update-ref', ref, to, from]);
    return true;
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    if (error.message.includes('.lock')) return await removeStaleLock(`${gitDir}/${ref}.lock`, error);
    if (error.message.includes('but expected') || error.message.includes('cannot lock ref')) return false;
    throw error;
  }
}

async function removeStaleLock(path: string, error: GitFailure): Promise<false> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  if (mtimeMs !== 0 && Date.now() - mtimeMs < STALE_LOCK_MS) throw error;
  await rm(path, { force: true });
  return false;
}
