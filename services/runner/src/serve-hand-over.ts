import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { RunnerHandOver } from '@roundhouse/contracts';
import { HandOverSocket } from './adapters/hand-over/hand-over-socket.ts';
import { type AttemptConfig, type Loaded, attempt, load } from './app.ts';
import type { Surroundings } from './config.ts';
import { endTreeOf } from './end-tree.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { Link, Log } from './ports.ts';
import { rehearse } from './rehearse.ts';

const MAX_REASON = 1_000;

/**
 * A runner that runs ahead of its attempt: loads what is dear, waits for an order on its socket, carries it out, and
 * waits for the next one where it is told to and nothing of the last is left. Resolves with the exit code.
 */
export async function serveHandOver(
  socket: string,
  here: Surroundings,
  log: Log & { child(bindings: object): Log },
  terminated: AbortSignal,
): Promise<ExitCode> {
  const handOver = new HandOverSocket();
  try {
    await handOver.listen(socket);
    const loaded = await loadAhead(here, log, terminated);
    for (;;) {
      const order = await handOver.nextOrder(terminated);
      if (order === null) return EXIT.done;
      const { config, mark, again } = order;
      const { taskId, attempt: number } = config;
      const attemptLog = log.child({ taskId, attempt: number, mode: 'attempt' });
      const code = await handedOver(config, mark, here, loaded, attemptLog, terminated, handOver);
      if (!again || code !== EXIT.done || terminated.aborted) return code;
      if (!(await isClean(config, [mark, here.mark], here.temporary, log))) return code;
      await handOver.listen(join(config.folder, basename(socket)));
    }
  } finally {
    handOver.close();
  }
}

/** Whether this sandbox can do its work is found out when it gets some: then there is somebody to tell. */
async function loadAhead(here: Surroundings, log: Log, signal: AbortSignal): Promise<Loaded> {
  const loaded = load(here, log);
  try {
    await rehearse(here, loaded, signal);
  } catch (error) {
    log.warn({ err: error }, 'the rehearsal failed');
  }
  return loaded;
}

/** `taken` is said when the coordinator has welcomed this runner: it alone knows whose the attempt is. */
async function handedOver(
  run: AttemptConfig,
  mark: string,
  here: Surroundings,
  loaded: Loaded,
  log: Log,
  terminated: AbortSignal,
  handOver: HandOverSocket,
): Promise<ExitCode> {
  let isAnswered = false;
  const answer = (message: RunnerHandOver): void => {
    if (!isAnswered) handOver.say(message);
    isAnswered = true;
  };
  const refuse = (reason: string): void => answer({ type: 'refused', reason: reason.slice(0, MAX_REASON) });
  const onLink = (link: Link): void => {
    void link.welcomed.then(() => answer({ type: 'taken' }));
    void link.ended.then(({ reason }) => refuse(reason));
  };
  try {
    const code = await attempt({ run, mark }, here, loaded, log, terminated, onLink);
    refuse('the attempt was over before it was this runner’s');
    return code;
  } catch (error) {
    log.error({ err: error }, 'the runner failed');
    refuse(error instanceof Error ? error.message : String(error));
    await endTreeOf(run, [mark, here.mark])([]);
    return EXIT.failed;
  }
}

/** Nothing of the last attempt runs, and in a sandbox of its own nothing of it lies about outside of its folder. */
async function isClean(run: AttemptConfig, marks: readonly string[], temporary: string, log: Log): Promise<boolean> {
  const { left } = await endTreeOf(run, marks)([]);
  if (left.length > 0) return false;
  if (!run.isolated) return true;
  try {
    for (const folder of [temporary, '/dev/shm']) await empty(folder);
    return true;
  } catch (error) {
    log.warn(
      { reason: error instanceof Error ? error.message : String(error) },
      'temporary files could not be removed',
    );
    return false;
  }
}

async function empty(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const names = await readdir(folder);
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}
