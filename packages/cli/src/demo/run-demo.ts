import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Task, sandboxName } from '@roundhouse/contracts';
import { findProcesses } from '@roundhouse/host';
import type { Context } from '../context.ts';
import { type DataPaths, dataPaths } from '../data-folder.ts';
import { type EmbeddedService, startEmbeddedService } from '../embedded/embedded-service.ts';
import { openLog } from '../embedded/log-output.ts';
import { ensureEntry } from '../embedded/project-entry.ts';
import { ensureSampleRepository } from '../embedded/sample-repository.ts';
import { sandboxChoice } from '../embedded/sandbox-choice.ts';
import { listenForStop } from '../embedded/stop-signals.ts';
import { EXIT, Failure } from '../failure.ts';
import { checkoutOf } from '../git.ts';
import { printable } from '../output.ts';
import { performDemo } from './perform-demo.ts';
import type { Target } from './scenario.ts';
import { findTarget } from './target-line.ts';

/** The demo takes some seconds; this only ends one that hangs. */
const DEMO_MS = 120_000;
/**
 * The whole path on free ports with its data in a temporary folder, which is gone afterwards.
 * @throws Failure where any of it comes out otherwise than it must; then the folder with the logs is kept
 */
export async function runDemo(context: Context): Promise<void> {
  const { output } = context;
  const startedAt = performance.now();
  const paths = dataPaths(await mkdtemp(join(tmpdir(), 'roundhouse-demo-')));
  const signals = listenForStop();
  const bound = AbortSignal.timeout(DEMO_MS);
  const signal = AbortSignal.any([signals.stop, bound]);
  try {
    await serveDemo(context, paths, { signal, hurry: signals.hurry });
  } catch (error) {
    if (signals.stop.aborted) {
      await rm(paths.folder, { recursive: true, force: true });
      throw new Failure('the demo was stopped', { cause: error });
    }
    const tail = (await readFile(paths.log, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-15).join('\n');
    output.note(`${output.colour.dim(printable(tail))}\nThe data and logs are kept in ${paths.folder}`);
    if (bound.aborted)
      throw new Failure(`the demo took more than ${DEMO_MS / 1_000} s`, { exitCode: EXIT.timedOut, cause: error });
    throw error;
  } finally {
    signals.dispose();
  }
  await rm(paths.folder, { recursive: true, force: true });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  output.line(
    `${output.colour.green('✓')} Done in ${seconds} s. Start it for yourself with ${output.colour.bold('npm start')}.`,
  );
}

async function serveDemo(
  context: Context,
  paths: DataPaths,
  { signal, hurry }: { signal: AbortSignal; hurry: AbortSignal },
): Promise<void> {
  const { output, config } = context;
  const { bold, dim, green } = output.colour;
  const log = await openLog(paths.log);
  const say = (text: string): void => output.line(dim(text));
  let service: EmbeddedService | null = null;
  let closed: readonly Task[] = [];
  try {
    const { repository, target } = await chooseDemoRepository(context, paths, signal);
    output.line(bold('Roundhouse demo: eight agents side by side on one repository'));
    say(`starting Redis, coordinator, MCP gateway and launcher; data in ${paths.folder}`);
    const broken = new AbortController();
    const running = AbortSignal.any([signal, broken.signal]);
    const own = {
      paths,
      port: 0,
      mcpPort: 0,
      redisUrl: config.redisUrl,
      dockerSocket: config.dockerSocket,
      slots: 16,
      sandbox: sandboxChoice({}, 'process'),
      logLevel: config.logLevel,
      inherited: config.inherited,
    };
    service = await startEmbeddedService({
      ...own,
      output: log.fd,
      say,
      onGivenUp: (reason) => broken.abort(reason),
      signal: hurry,
    });
    running.throwIfAborted();
    const entry = await ensureEntry(paths, service, repository, config.inherited, running);
    output.line(
      `Project ${bold(entry.project.name)} from ${repository}, branch ${bold(entry.project.defaultBranch)} (the repository itself is only read)`,
    );
    const stage = {
      api: service.api,
      mcp: service.mcp,
      operatorToken: service.operatorToken,
      coordinatorToken: entry.coordinator.token,
      projectId: entry.project.id,
      baseBranch: entry.project.defaultBranch,
      target,
      folder: paths.folder,
    };
    closed = await performDemo(context, stage, running);
  } finally {
    if (service !== null) await service.stop();
    await log.close();
  }
  await proveNothingRuns(paths, closed);
  output.line(`${green('✓')} Nothing is left running: no service, no runner, no agent, no Redis.`);
}

/** The caller's checkout where it has a line to quarrel about, else a generated repository. */
async function chooseDemoRepository(
  { config, cwd, output }: Context,
  paths: DataPaths,
  signal: AbortSignal,
): Promise<{ repository: string; target: Target }> {
  const options = { environment: config.inherited, signal };
  const here = await checkoutOf({ cwd, ...options });
  const target = here === null ? null : await findTarget({ cwd: here, ...options });
  if (here !== null && target !== null) return { repository: here, target };
  const sample = await ensureSampleRepository(paths.sample, config.inherited, signal);
  const made = await findTarget({ cwd: sample, ...options });
  if (made === null) throw new Error('the generated repository has no line to change');
  output.line(
    here === null
      ? 'No git checkout here: the demo works on a generated repository.'
      : 'No text file fits here: the demo works on a generated repository.',
  );
  return { repository: sample, target: made };
}

/** Looks for processes of every sandbox that there was, below the data folder, and below this process. */
async function proveNothingRuns(paths: DataPaths, tasks: readonly Task[]): Promise<void> {
  const marks = tasks.flatMap(({ id, attempt }) =>
    Array.from({ length: attempt }, (_, index) => sandboxName(id, index + 1)),
  );
  const trees = [...marks, 'none'].map((mark) => findProcesses({ mark, folder: paths.folder, roots: [process.pid] }));
  const left = new Set((await Promise.all(trees)).flat());
  if (left.size > 0) throw new Failure(`still running: ${[...left].join(', ')}`);
}
