import { basename, dirname, join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { AGENT_TERMINAL, type RunnerHandOver } from '@roundhouse/contracts';
import { HandOverSocket } from './adapters/hand-over/hand-over-socket.ts';
import { IsolatedRemains } from './adapters/system/isolated-remains.ts';
import { isIsolated } from './adapters/system/isolated-tree.ts';
import { SandboxGauge } from './adapters/system/sandbox-gauge.ts';
import { type AttemptConfig, type Loaded, attempt, load } from './app.ts';
import type { Surroundings } from './config.ts';
import { endTreeOf } from './end-tree.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { within } from './handlers/bounds.ts';
import type { Link, Log } from './ports.ts';
import { rehearse } from './rehearse.ts';

const MAX_REASON = 1_000;
/** What takes longer to clear than a new sandbox takes to start is not worth it. */
const CLEAR_MS = 5_000;

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
    const remains = (await isIsolated())
      ? new IsolatedRemains(here.temporary, new SandboxGauge(dirname(socket)))
      : null;
    await remains?.begin();
    for (;;) {
      (await loaded.terminals()).makeAhead(AGENT_TERMINAL);
      const order = await handOver.nextOrder(terminated);
      if (order === null) return EXIT.done;
      const { config, mark, again } = order;
      const { taskId, attempt: number } = config;
      const attemptLog = log.child({ taskId, attempt: number, mode: 'attempt' });
      const { code, isLimited } = await handedOver(config, mark, here, loaded, attemptLog, terminated, handOver);
      if (!again || code !== EXIT.done || terminated.aborted) return code;
      const fault = isLimited ? 'the attempt hit a limit' : await whatIsLeft(config, [mark, here.mark], remains);
      if (fault !== null) {
        log.warn({ fault }, 'this sandbox is not used again');
        handOver.say({ type: 'spent', reason: fault.slice(0, MAX_REASON) });
        return code;
      }
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
  // What loading and the rehearsal left would else be collected in the midst of the attempt's start; and this process may
  // wait for long.
  collectGarbage();
  return loaded;
}

/** Node has no other door to it for a process that was started without the flag. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  if (typeof collect === 'function') collect();
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
): Promise<{ code: ExitCode; isLimited: boolean }> {
  let isLimited = false;
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
    const hooks = { onLink, onLimit: () => (isLimited = true) };
    const code = await attempt({ run, mark }, here, loaded, log, terminated, hooks);
    refuse('the attempt was over before it was this runner’s');
    return { code, isLimited };
  } catch (error) {
    log.error({ err: error }, 'the runner failed');
    refuse(error instanceof Error ? error.message : String(error));
    await endTreeOf(run, [mark, here.mark])([]);
    return { code: EXIT.failed, isLimited };
  }
}

/**
 * What there is of the last attempt that cannot be taken away, for a person; null where nothing of it runs any more and, in
 * a sandbox of its own, nothing of it lies about outside of its folder.
 */
async function whatIsLeft(
  run: AttemptConfig,
  marks: readonly string[],
  remains: IsolatedRemains | null,
): Promise<string | null> {
  const { left } = await endTreeOf(run, marks)([]);
  if (left.length > 0) return `processes ${left.join(', ')} could not be ended`;
  if (!run.isolated) return null;
  if (remains === null) return 'it was not known what there was before';
  try {
    const found = await within(
      CLEAR_MS,
      remains.clear().then((fault) => ({ fault })),
    );
    return found === null ? `what it left was not cleared within ${CLEAR_MS} ms` : found.fault;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
