import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from '@roundhouse/contracts';
import { allOf } from '../all-pages.ts';
import type { ConnectedService } from '../connect.ts';
import type { Context } from '../context.ts';
import { ensureSampleRepository } from '../embedded/sample-repository.ts';
import { listenForStop } from '../embedded/stop-signals.ts';
import { EXIT, explain, Failure } from '../failure.ts';
import { hubUrl, pushToHub, revokeToken } from '../hub.ts';
import { performDemo } from './perform-demo.ts';
import { findTarget } from './target-line.ts';

/** Containers on a small machine take longer to start than processes; this only ends a demo that hangs. */
const DEMO_MS = 300_000;
/** How long tidying up may take when the demo is over, or over early. */
const TIDY_MS = 60_000;

/**
 * The same story on a service that runs already: in a new project, whose hub the sample repository is pushed to. In the
 * end every task is closed and the coordinator's token withdrawn; the project stays, with what has landed.
 * @throws Failure where any of it comes out otherwise than it must
 */
export async function runConnectedDemo(
  context: Context,
  service: ConnectedService & { readonly mcp: string },
): Promise<void> {
  const { output, config } = context;
  const { bold, green } = output.colour;
  const startedAt = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-demo-'));
  const signals = listenForStop();
  const bound = AbortSignal.timeout(DEMO_MS);
  const signal = AbortSignal.any([signals.stop, bound]);
  const operator = new ApiClient(service);
  try {
    output.line(bold('Roundhouse demo: eight agents side by side on one repository'));
    const sample = await ensureSampleRepository(join(folder, 'sample'), config.inherited, signal);
    const local = { cwd: sample, environment: config.inherited, signal };
    const target = await findTarget(local);
    if (target === null) throw new Error('the generated repository has no line to change');
    const name = `demo-${randomBytes(4).toString('hex')}`;
    const project = await operator.call('createProject', { name, defaultBranch: 'main' }, { signal });
    const hub = hubUrl(service.baseUrl, project.id);
    await pushToHub({ hub, token: service.token, commit: 'HEAD', branch: project.defaultBranch }, local);
    output.line(`Project ${bold(name)} of ${service.baseUrl}: a generated repository, pushed to its hub`);
    const { coordinator, token } = await operator.call(
      'createCoordinator',
      { name, projectId: project.id },
      { signal },
    );
    try {
      const stage = {
        api: service.baseUrl,
        mcp: service.mcp,
        operatorToken: service.token,
        coordinatorToken: token,
        projectId: project.id,
        baseBranch: project.defaultBranch,
        target,
        folder,
      };
      await performDemo(context, stage, signal);
    } finally {
      const own = new ApiClient({ baseUrl: service.baseUrl, token, coordinatorId: coordinator.id });
      const tidy = AbortSignal.any([signals.hurry, AbortSignal.timeout(TIDY_MS)]);
      // What went wrong before is the news; that it could not be tidied up after is said beside it.
      await closeAll(own, tidy)
        .then(() => revokeToken(operator, token, tidy))
        .catch((error: unknown) => output.note(`${name} could not be tidied up: ${explain(error).message}`));
    }
  } catch (error) {
    if (signals.stop.aborted) throw new Failure('the demo was stopped', { cause: error });
    if (!bound.aborted) throw error;
    throw new Failure(`the demo took more than ${DEMO_MS / 1_000} s`, { exitCode: EXIT.timedOut, cause: error });
  } finally {
    signals.dispose();
    await rm(folder, { recursive: true, force: true });
  }
  output.line(`${green('✓')} Nothing is left running: every agent is gone with all that it started.`);
  output.line(`${green('✓')} Done in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s.`);
}

/** Closes what the story has not closed; after a story that came to its end there is nothing to do. */
async function closeAll(client: ApiClient, signal: AbortSignal): Promise<void> {
  const tasks = await allOf(client, 'listTasks', (page) => page.tasks, { signal });
  const open = tasks.filter(({ lifecycle }) => lifecycle.state !== 'closed');
  await Promise.all(
    open.map(async ({ id }) => {
      // "closing" is asked again: each answer comes after at most 55 s, and all of it has a bound.
      while ((await client.call('closeTask', { id }, { signal })).outcome !== 'closed');
    }),
  );
}
