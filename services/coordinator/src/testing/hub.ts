import { randomUUID } from 'node:crypto';
import { type ScratchRepository, scratchRepository, temporaryFolder } from '@roundhouse/testkit';
import { createGitHubs } from '../adapters/git/git-hubs.ts';
import { createTrustedGit } from '../adapters/git/trusted-git.ts';

/** A hub filled from a scratch repository, which keeps the hub as its remote `hub`. */
export async function testHub(files?: Record<string, string>) {
  const repository: ScratchRepository = await scratchRepository(files);
  const folder = await temporaryFolder();
  const git = await createTrustedGit(folder.path, process.env['PATH'] ?? '');
  const hubs = createGitHubs(git, `${folder.path}/hubs`);
  const projectId = randomUUID();
  await hubs.create(projectId, repository.path, null);
  const gitDir = hubs.gitDir(projectId);
  await repository.git('remote', 'add', 'hub', gitDir);
  return {
    repository,
    folder,
    git,
    hubs,
    projectId,
    gitDir,
    /** A commit on top of main that only the hub and a branch of the repository have. */
    async branchCommit(name: string, changes: Record<string, string | null>, from = 'main'): Promise<string> {
      await repository.git('checkout', '--quiet', '-B', name, from);
      const commit = await repository.commit(`change of ${name}`, changes);
      await repository.git('push', '--quiet', 'hub', `${name}:refs/heads/task/${name}`);
      await repository.git('checkout', '--quiet', 'main');
      return commit;
    },
    async stop() {
      await repository.remove();
      await folder.remove();
    },
  };
}

export type TestHub = Awaited<ReturnType<typeof testHub>>;
