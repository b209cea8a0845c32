import { type ApiClient, TOKEN_PATTERN, uuidOfHex } from '@roundhouse/contracts';
import { git, type GitOptions, withBearer } from './git.ts';

/** The hub of a project, by the address that this process reaches: the service may call itself by another name. */
export const hubUrl = (api: string, projectId: string): string => new URL(`/git/${projectId}.git`, api).href;

/** Puts a commit of a repository on a branch of a hub, new or fast-forward. */
export async function pushToHub(
  push: { readonly hub: string; readonly token: string; readonly commit: string; readonly branch: string },
  options: GitOptions,
): Promise<void> {
  await git(['push', '--quiet', '--no-verify', '--', push.hub, `${push.commit}:refs/heads/${push.branch}`], {
    ...options,
    environment: withBearer(options.environment, push.token),
  });
}

/** Withdraws a token, by itself: its id stands in it. Asked twice it does nothing the second time. */
export async function revokeToken(operator: ApiClient, token: string, signal: AbortSignal): Promise<void> {
  await operator.call('revokeToken', { id: uuidOfHex(TOKEN_PATTERN.exec(token)?.[2] ?? '') }, { signal });
}
