import { ApiClient } from '@roundhouse/contracts';
import { Failure } from '../failure.ts';
import { authorOf } from '../git.ts';
import { hubUrl, pushToHub, revokeToken } from '../hub.ts';
import type { PlanRepository } from './plan-repository.ts';

/** The hub of a run: where the tasks' work lands, and a coordinator that is this run's alone. */
export interface PlanHub {
  readonly gitUrl: string;
  readonly coordinatorId: string;
  readonly coordinatorToken: string;
  /** Withdraws the coordinator's token. */
  close(): Promise<void>;
}

/** How long withdrawing a token may take once all else is over. */
const CLOSE_MS = 5_000;

/**
 * Makes or finds the project, puts the base commit on the target branch of its hub, and makes the coordinator. A service
 * of our own reads the repository itself, one that is elsewhere gets it pushed.
 * @throws Failure or an error of the service where it cannot be had
 */
export async function openPlanHub(
  repository: PlanRepository,
  parts: {
    readonly api: string;
    readonly operatorToken: string;
    readonly own: boolean;
    readonly name: string;
    readonly environment: NodeJS.ProcessEnv;
    readonly signal: AbortSignal;
  },
): Promise<PlanHub> {
  const { api, operatorToken, own, name, environment, signal } = parts;
  const { path, commit, target } = repository;
  const operator = new ApiClient({ baseUrl: api, token: operatorToken });
  const author = await authorOf({ cwd: path, environment, signal });
  const about = { name, ...(author === null ? {} : { author }) };
  const project = await operator.call('createProject', own ? { ...about, path } : { ...about, defaultBranch: target }, {
    signal,
  });
  const gitUrl = hubUrl(api, project.id);
  const push = { hub: gitUrl, token: operatorToken, commit, branch: target };
  await pushToHub(push, { cwd: path, environment, signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    const hint = 'A branch of that name may be there with other commits: choose another "target:" in the plan.';
    const words = error instanceof Error ? error.message : String(error);
    throw new Failure(`the base cannot be put on ${target} of the hub: ${words}`, { hint, cause: error });
  });
  const { coordinator, token } = await operator.call('createCoordinator', { name, projectId: project.id }, { signal });
  return {
    gitUrl,
    coordinatorId: coordinator.id,
    coordinatorToken: token,
    close: () => revokeToken(operator, token, AbortSignal.timeout(CLOSE_MS)),
  };
}
