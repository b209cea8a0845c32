import type { RunnerConfig, RunnerEvent } from '@roundhouse/contracts';
import { scratchesOf, worktreeIn } from './box.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { untilAborted, whenAborted, within } from './handlers/bounds.ts';
import { LatestWish, type Stop } from './handlers/latest-wish.ts';
import { PublishDesk } from './handlers/publish-work.ts';
import { saveWork } from './handlers/save-work.ts';
import { agentFilesIn, writeAgentFiles } from './handlers/agent-files.ts';
import { KeptAgent } from './handlers/keep-agent.ts';
import { plantInstructions, removeInstructions } from './handlers/tell-in-tree.ts';
import { LimitWatch } from './handlers/watch-limits.ts';
import type {
  AdapterOf,
  Archiver,
  CheckGit,
  EndTree,
  Gauge,
  Link,
  LinkEnd,
  LinkListener,
  Log,
  Now,
  OpenDoors,
  Publisher,
  Terminals,
  Timers,
  TreeInstructions,
  WorktreeProvider,
} from './ports.ts';

export interface AttemptOrder {
  readonly run: Extract<RunnerConfig, { mode: 'attempt' }>;
  readonly mark: string;
  readonly inherited: Readonly<Record<string, string>>;
  /** The folder for temporary files. */
  readonly temporary: string;
}

export interface AttemptPorts {
  readonly openDoors: OpenDoors;
  readonly checkGit: CheckGit;
  readonly gauge: Gauge;
  readonly dial: (listener: LinkListener) => Link;
  readonly worktrees: WorktreeProvider;
  readonly terminals: Terminals;
  readonly adapterOf: AdapterOf;
  readonly publisher: Publisher;
  readonly archiver: Archiver;
  readonly treeInstructions: TreeInstructions;
  readonly endTree: EndTree;
  readonly now: Now;
  readonly timers: Timers;
  /** Called where a limit of the sandbox was hit. */
  readonly onLimit: () => void;
  readonly log: Log;
}

type Ending =
  | { readonly why: 'stop'; readonly stop: Stop }
  | { readonly why: 'link'; readonly end: LinkEnd }
  | { readonly why: 'signal' };

/** How long a runner that was told to end waits for the coordinator's word where to archive. */
const LAST_WORD_MS = 3_000;
/** How long the last events may take to be acknowledged before the runner goes. */
const DRAIN_MS = 2_000;
const MAX_REASON = 4_000;

/** What an attempt has brought into being so far. */
interface Bench {
  agent: KeptAgent | null;
  publishing: PublishDesk | null;
  /** Resolves when the agent's end is reported. */
  ended: Promise<void>;
}

/**
 * One attempt, from its first word to the coordinator to the archive of what it left. Resolves with the exit code when
 * nothing of the sandbox runs any more but this process. `terminated` is SIGTERM.
 */
export async function runAttempt(order: AttemptOrder, ports: AttemptPorts, terminated: AbortSignal): Promise<ExitCode> {
  // The link needs none of them, and is what the agent's start waits for.
  const opening = ports.openDoors(order.run.doors);
  const wish = new LatestWish();
  const tell = (event: RunnerEvent): void => {
    if (event.type === 'limit_hit') ports.onLimit();
    link.report(event);
  };
  const limits = new LimitWatch(ports.gauge, tell, ports.log);
  const link: Link = ports.dial({
    onDesired: (desired) => wish.onDesired(desired),
    onBeat: () => void limits.look(),
  });
  const bench: Bench = { agent: null, publishing: null, ended: Promise.resolve() };
  const over = new AbortController();
  let doors: Awaited<ReturnType<OpenDoors>> | null = null;
  try {
    doors = await opening;
    const settingUp = setUp(bench, order, { ...ports, limits }, link, wish, over.signal);
    const ending = await firstEnding(wish, link, terminated);
    ports.log.info({ why: ending.why, ...(ending.why === 'link' ? ending.end : {}) }, 'winding up');
    over.abort(new Error('the attempt is being wound up'));
    limits.close();
    await settingUp;
    await clear(bench, ports);
    return await conclude(ending, order, ports, link, wish);
  } finally {
    link.close();
    await doors?.close();
  }
}

/** Makes the worktree, starts the agent in it and has it attended to. A failure is reported, not thrown. */
async function setUp(
  bench: Bench,
  order: AttemptOrder,
  ports: AttemptPorts & { readonly limits: LimitWatch },
  link: Link,
  wish: LatestWish,
  signal: AbortSignal,
): Promise<void> {
  const { run, mark, inherited } = order;
  const { limits } = ports;
  const report = (event: RunnerEvent): void => link.report(event);
  try {
    const { assignment, folder, hubObjects } = run;
    const worktree = worktreeIn(folder);
    const hub = hubOf(order, run.token);
    const makeWorktree = async (): Promise<void> => {
      const checking = ports.checkGit(signal);
      checking.catch(() => undefined);
      // A prepared one is the attempt's own without git, so git is asked beside it.
      if (run.worktree !== 'prepared') await checking;
      try {
        await ports.worktrees.create({ path: worktree, hub, hubObjects, ...assignment }, signal);
      } finally {
        // What git lacks is the reason of whatever else went wrong.
        await checking;
      }
      await plantInstructions(run, ports.treeInstructions, signal);
      ports.log.info({ branch: assignment.branch, commit: assignment.baseCommit }, 'worktree made');
    };
    const files = agentFilesIn(folder);
    // All that needs no word of the coordinator's is done while the link is dialled. The agent itself is not started before
    // the welcome: that alone says that the attempt is ours.
    await Promise.all([makeWorktree(), limits.begin(), writeAgentFiles(files, run.mcpUrl, assignment)]);
    const publishing = new PublishDesk(
      ports.publisher,
      { path: worktree, hub, branch: assignment.branch },
      report,
      ports.log,
    );
    const agent = await KeptAgent.start(
      { run, files, worktree, mark, inherited, after: untilAborted(link.welcomed, signal) },
      {
        ...ports,
        report,
        output: (data) => link.output(data),
        isLimit: (exit) => limits.isBehind(exit),
        clearUp: async (pid) => {
          // The push of a signal runs as a process of the sandbox too.
          await publishing.settled();
          return (await ports.endTree([pid])).left.length === 0;
        },
      },
      wish,
      signal,
    );
    ports.log.info({ pid: agent.pid, agent: assignment.agent.kind }, 'agent started');
    const ended = agent.ended.then(async (exit) => {
      ports.log.info(exit, 'agent exited');
      await limits.ended(exit);
    });
    Object.assign(bench, { agent, publishing, ended } satisfies Bench);
    wish.follow((desired) => {
      agent.want(desired);
      publishing.want(desired.publish);
    });
  } catch (error) {
    if (signal.aborted) return;
    const reason = error instanceof Error ? error.message : String(error);
    ports.log.error({ reason }, 'the attempt failed');
    report({ type: 'attempt_failed', reason: reason.slice(0, MAX_REASON) });
  }
}

async function firstEnding(wish: LatestWish, link: Link, terminated: AbortSignal): Promise<Ending> {
  return Promise.race([
    wish.stop.then((stop): Ending => ({ why: 'stop', stop })),
    link.ended.then((end): Ending => ({ why: 'link', end })),
    whenAborted(terminated).then((): Ending => ({ why: 'signal' })),
  ]);
}

/** Ends the push that is under way and every process of the sandbox; what the agent printed last is still taken. */
async function clear({ agent, publishing, ended }: Bench, { endTree, log }: AttemptPorts): Promise<void> {
  await publishing?.close();
  // One that is being started would be missed by what ends the tree.
  await agent?.steady();
  const { left } = await endTree(agent === null ? [] : [agent.pid]);
  if (left.length > 0) log.error({ left }, 'processes could not be ended');
  if (agent === null) return;
  await within(DRAIN_MS, ended);
  agent.close();
}

/** Nothing writes in the worktree any more: archives it where that is ours to do. */
async function conclude(
  ending: Ending,
  order: AttemptOrder,
  ports: AttemptPorts,
  link: Link,
  wish: LatestWish,
): Promise<ExitCode> {
  if (ending.why === 'link') return ending.end.kind === 'broken' ? EXIT.terminated : EXIT.fenced;
  const stop = ending.why === 'stop' ? ending.stop : await within(LAST_WORD_MS, wish.stop);
  if (stop === null) return EXIT.terminated;
  const path = worktreeIn(order.run.folder);
  await removeInstructions(order.run.folder, ports);
  const scratches = scratchesOf(order.run, order.temporary);
  const saved = await saveWork(
    ports.archiver,
    { path, scratches, hub: hubOf(order, stop.archiveToken), ref: stop.archiveRef },
    ports.log,
  );
  await link.drained(DRAIN_MS);
  return saved ? EXIT.done : EXIT.unsaved;
}

const hubOf = ({ run }: AttemptOrder, token: string): { url: string; token: string } => ({
  url: `${run.coordinatorUrl}/git/${run.projectId}.git`,
  token,
});
