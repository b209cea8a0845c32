import { mkdir } from 'node:fs/promises';
import { LockHeldError, takeFileLock } from '@roundhouse/host';
import type { Context } from '../context.ts';
import { type DataPaths, dataPaths } from '../data-folder.ts';
import { Failure } from '../failure.ts';
import { type Entry, removeEndpoint, writeEndpoint } from '../state-files.ts';
import type { EmbeddedService } from './embedded-service.ts';
import { openLog, type ServiceLog, standardErrorLog } from './log-output.ts';
import { pasteLines } from './paste-lines.ts';
import { ensureEntry } from './project-entry.ts';
import { chooseRepository } from './repository-choice.ts';
import type { SandboxChoice } from './sandbox-choice.ts';
import { startUntilStop } from './start-until-stop.ts';
import { listenForStop, type StopSignals } from './stop-signals.ts';

export interface UpOptions {
  readonly data: string;
  readonly port: number;
  readonly mcpPort: number;
  readonly repo: string | undefined;
  readonly slots: number;
  /** How many tasks may be under way at once; null: no limit. */
  readonly maxRunning: number | null;
  readonly sandbox: SandboxChoice;
  readonly json: boolean;
}

/**
 * The life of `roundhouse up`: lock the data folder, start, say where it is, wait for the wish to stop, stop.
 * @throws Failure where it cannot be started, a part could not be kept running, or something is left in the end
 */
export async function runUp(context: Context, options: UpOptions): Promise<void> {
  const paths = dataPaths(options.data);
  await mkdir(paths.folder, { recursive: true, mode: 0o700 });
  const lock = await takeFileLock(paths.lock, { waitMs: 0 }).catch((error: unknown) => {
    if (!(error instanceof LockHeldError)) throw error;
    const hint = 'Use that one, stop it, or start this one with another --data folder.';
    throw new Failure(`another "roundhouse up" (process ${error.pid}) uses ${paths.folder}`, { hint, cause: error });
  });
  const signals = listenForStop();
  try {
    await serve(context, options, paths, signals);
  } finally {
    signals.dispose();
    await lock.release();
  }
}

async function serve(context: Context, options: UpOptions, paths: DataPaths, signals: StopSignals): Promise<void> {
  const { output, config, cwd } = context;
  const say = (text: string): void => output.note(output.colour.dim(text));
  const broken = new AbortController();
  const stop = AbortSignal.any([signals.stop, broken.signal]);
  // For a person the logs go to a file; for a script to standard error, like everything else that is not the answer.
  const log = process.stderr.isTTY ? await openLog(paths.log) : standardErrorLog;
  let service: EmbeddedService | null = null;
  try {
    const repository = await chooseRepository(options.repo, { paths, config, cwd, signal: stop });
    say(`starting with the data of ${paths.folder}${repository.generated ? `, on the sample ${repository.path}` : ''}`);
    service = await startUntilStop(config, signals, {
      ...options,
      paths,
      output: log.fd,
      say,
      onGivenUp: (reason) => broken.abort(reason),
    });
    const entry = await ensureEntry(paths, service, repository.path, config.inherited, stop);
    const { api, mcp, operatorToken } = service;
    await writeEndpoint(paths, { api, mcp, pid: process.pid });
    if (options.json) {
      const { project, coordinator } = entry;
      output.json({ api, mcp, operatorToken, project, coordinator, pid: process.pid });
    } else banner(context, service, { entry, paths, log, sandbox: options.sandbox });
    await aborted(stop);
  } catch (error) {
    // What fails because of the wish to stop is no failure.
    if (!signals.stop.aborted) throw service === null ? await withLastWords(error, log) : error;
  } finally {
    await removeEndpoint(paths);
    if (service !== null) await stopService(service, say);
    await log.close();
  }
  if (broken.signal.aborted)
    throw new Failure(String(broken.signal.reason), { hint: `Its log says why: ${log.path ?? 'see above'}` });
}

/** A service that cannot start says why in its log, which nobody sees where that is a file. */
async function withLastWords(error: unknown, log: ServiceLog): Promise<unknown> {
  const words = error instanceof Failure ? null : await log.lastWords();
  if (words === null || words === '') return error;
  return new Failure(error instanceof Error ? error.message : String(error), { hint: words, cause: error });
}

async function stopService(service: EmbeddedService, say: (text: string) => void): Promise<void> {
  say('stopping: agents first, then the services (Ctrl-C again ends it the hard way)');
  const left = await service.stop();
  if (left.length > 0) throw new Failure(`these could not be ended: ${left.join(', ')}`);
  say('stopped, nothing is left running');
}

function banner(
  { output }: Context,
  { api, mcp }: EmbeddedService,
  { entry, paths, log, sandbox }: { entry: Entry; paths: DataPaths; log: ServiceLog; sandbox: SandboxChoice },
): void {
  const { bold, cyan, dim, green } = output.colour;
  output.line(
    `${green('●')} ${bold('Roundhouse')} is ready for ${bold(entry.project.name)} (${entry.repository}, branch ${entry.project.defaultBranch})`,
  );
  output.line();
  output.line(`  API   ${cyan(api)}   documented at ${api}/api/openapi.json`);
  output.line(`  MCP   ${cyan(mcp)}`);
  output.line(`  Data  ${paths.folder}${log.path === null ? '' : `   logs in ${log.path}`}`);
  output.line();
  output.line('Connect a coordinating agent, whichever you use:');
  for (const [headline, text] of pasteLines({ api, mcp }, entry)) {
    output.line();
    output.line(dim(`  ${headline}`));
    output.line(text.replaceAll(/^/gm, '  '));
  }
  output.line();
  const where = sandbox.kind === 'docker' ? 'in containers without a network' : 'as plain processes of yours';
  output.line(dim(`Agents run ${where}. Ctrl-C stops everything.`));
}

const aborted = (signal: AbortSignal): Promise<void> =>
  signal.aborted
    ? Promise.resolve()
    : new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
