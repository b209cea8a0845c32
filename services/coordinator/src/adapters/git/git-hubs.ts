import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { RoundhouseError, archiveRef } from '@roundhouse/contracts';
import pLimit, { type LimitFunction } from 'p-limit';
import type { Hubs } from '../../ports/hubs.ts';
import { diffPage } from './git-diff.ts';
import { landInHub } from './landing.ts';
import { looseBranch } from './loose-branch.ts';
import { GitFailure, type TrustedGit } from './trusted-git.ts';

/** One writer a project: unlocked concurrent writes fail now and then, and one lane is the fastest way through. */
function createLanes(): (projectId: string) => LimitFunction {
  const lanes = new Map<string, LimitFunction>();
  return (projectId) => {
    const lane = lanes.get(projectId) ?? pLimit(1);
    lanes.set(projectId, lane);
    return lane;
  };
}

export function createGitHubs(git: TrustedGit, folder: string): Hubs & { gitDir(projectId: string): string } {
  const lane = createLanes();
  const gitDir = (projectId: string): string => join(folder, `${projectId}.git`);

  /** The commit that git answers with, or null: exit code 1 says that there is none. */
  const commitOrNone = async (projectId: string, args: readonly string[]): Promise<string | null> => {
    const commit = (await git.run(gitDir(projectId), args, { accept: [1] })).trim();
    return commit === '' ? null : commit;
  };
  const resolve = (projectId: string, ref: string): Promise<string | null> =>
    commitOrNone(projectId, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]);

  /** Makes a hub under another name first: one that is half made is never found. */
  const make = async <T>(projectId: string, fillIt: (dir: string) => Promise<T>): Promise<T> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const unfinished = `${gitDir(projectId)}.new`;
    await rm(unfinished, { recursive: true, force: true });
    try {
      const made = await fillIt(unfinished);
      await rename(unfinished, gitDir(projectId));
      return made;
    } finally {
      await rm(unfinished, { recursive: true, force: true });
    }
  };

  return {
    gitDir,
    objectsFolder: (projectId) => join(gitDir(projectId), 'objects'),

    async create(projectId, source, wantedBranch) {
      if (!isAbsolute(source) || !(await isFolder(source)))
        throw unreadable(source, 'it is not an absolute path of a folder');
      return { defaultBranch: await make(projectId, (dir) => fill(git, dir, source, wantedBranch)) };
    },

    createEmpty: (projectId, defaultBranch) =>
      lane(projectId)(async () => {
        if (await isFolder(gitDir(projectId))) return;
        await make(projectId, (dir) =>
          git.run(dir, ['init', '--quiet', '--bare', `--initial-branch=${defaultBranch}`, dir]),
        );
      }),

    refresh: (projectId, source) =>
      lane(projectId)(async () => {
        await describe(git, source);
        const specs = ['refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*'];
        // Exit code 1 says that some branches were left as they are: the hub has commits on them that the source has not.
        await git.run(gitDir(projectId), ['fetch', ...QUIETLY, '--', source, ...specs], { accept: [1] });
      }),

    remove: (projectId) => rm(gitDir(projectId), { recursive: true, force: true }),

    branch: async (projectId, name) =>
      (await looseBranch(gitDir(projectId), name)) ?? (await resolve(projectId, `refs/heads/${name}`)),
    ref: resolve,

    mergeBase: (projectId, one, other) => commitOrNone(projectId, ['merge-base', one, other]),

    diff: (projectId, base, commit, offset, signal) =>
      diffPage(git, gitDir(projectId), { base, commit }, offset, signal),

    land: (projectId, request) => lane(projectId)(() => landInHub(git, gitDir(projectId), request)),

    archiveTask: (projectId, taskId, branch) =>
      lane(projectId)(async () => {
        const dir = gitDir(projectId);
        const tip = await resolve(projectId, `refs/heads/${branch}`);
        if (tip !== null) {
          // Archive first, delete after, each idempotent: a crash in between leaves both, never neither (I7).
          await git.run(dir, ['update-ref', archiveRef(taskId, 'branch'), tip]);
          await git.run(dir, ['update-ref', '-d', `refs/heads/${branch}`, tip]);
        }
        const refs = await git.run(dir, ['for-each-ref', '--format=%(refname)', '--', `refs/archive/${taskId}/`]);
        return refs.split('\n').filter((ref) => ref !== '');
      }),
  };
}

const isFolder = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isDirectory() ?? false;

const unreadable = (source: string, why: string): RoundhouseError =>
  new RoundhouseError('project_unreadable', `cannot read a git repository at ${source}: ${why}`);

// A shallow source makes a shallow hub; nothing is tidied up while somebody waits.
const QUIETLY = ['--quiet', '--update-shallow', '--no-auto-gc'] as const;

/** Fills a new bare repository from another one, branches and tags, and says which branch is the default one. */
async function fill(git: TrustedGit, dir: string, source: string, wanted: string | null): Promise<string> {
  const found = await describe(git, source);
  await git.run(dir, ['init', '--quiet', '--bare', '--initial-branch=main', dir]);
  await git.run(dir, ['fetch', ...QUIETLY, '--', source, '+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*']);
  const branches = (await git.run(dir, ['for-each-ref', '--format=%(refname:lstrip=2)', '--', 'refs/heads/']))
    .split('\n')
    .filter((name) => name !== '');
  if (wanted !== null && !branches.includes(wanted)) {
    throw new RoundhouseError('branch_not_found', `the repository has no branch ${wanted}`, { branch: wanted });
  }
  const branch = wanted ?? found.branch ?? 'main';
  if (!branches.includes(branch)) {
    // A checkout on no branch, as CI makes it: its commit becomes the branch.
    await git.run(dir, ['fetch', ...QUIETLY, '--', source, `+HEAD:refs/heads/${branch}`]);
  }
  await git.run(dir, ['symbolic-ref', 'HEAD', `refs/heads/${branch}`]);
  return branch;
}

async function describe(git: TrustedGit, source: string): Promise<{ branch: string | null }> {
  let rows: string;
  try {
    rows = await git.run(null, ['ls-remote', '--symref', '--', source, 'HEAD']);
  } catch (error) {
    if (!(error instanceof GitFailure)) throw error;
    throw unreadable(source, error.message.split('\n')[0] ?? 'git refuses it');
  }
  if (!/^[0-9a-f]{40,64}\tHEAD$/m.test(rows)) {
    throw new RoundhouseError('project_empty', `the repository at ${source} has no commit yet`);
  }
  return { branch: /^ref: refs\/heads\/(.+)\tHEAD$/m.exec(rows)?.[1] ?? null };
}
