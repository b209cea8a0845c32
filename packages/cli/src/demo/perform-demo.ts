import type { Task } from '@roundhouse/contracts';
import type { Context } from '../context.ts';
import { hubUrl } from '../hub.ts';
import { printable } from '../output.ts';
import { type Board, createBoard } from './board.ts';
import { landedLog } from './landed-log.ts';
import { connectMcp, type McpCoordinator } from './mcp-coordinator.ts';
import { demoTasks, type Target } from './scenario.ts';
import { runStory } from './story.ts';

/** How long one wait for events is, milliseconds: less than what cuts a silent call. */
const WAIT_MS = 50_000;

/** A service that runs, with a project in it that a coordinator was made for. */
export interface Stage {
  readonly api: string;
  readonly mcp: string;
  readonly operatorToken: string;
  readonly coordinatorToken: string;
  readonly projectId: string;
  readonly baseBranch: string;
  /** The line of a tracked file that is quarrelled about. */
  readonly target: Target;
  /** For a clone of what landed; somebody else removes it. */
  readonly folder: string;
}

/** The story, told on a board, and the log of what has landed. Answers the tasks, closed. */
export async function performDemo(context: Context, stage: Stage, signal: AbortSignal): Promise<readonly Task[]> {
  const { output, config } = context;
  const { bold, dim } = output.colour;
  const { api, projectId, operatorToken: token, baseBranch, target, folder } = stage;
  const mcp = await connectMcp(stage.mcp, stage.coordinatorToken, signal);
  output.line(`Connected to ${stage.mcp} as a coordinator: ${mcp.tools.length} tools`);
  let closed: readonly Task[];
  try {
    closed = await withBoard(context, mcp, signal, (board) =>
      runStory(demoTasks(target), { mcp, board, colour: output.colour, target, baseBranch }),
    );
  } finally {
    await mcp.close();
  }
  const clone = { token, branch: baseBranch, folder, environment: config.inherited, signal };
  const graph = await landedLog({ gitUrl: hubUrl(api, projectId), ...clone });
  output.line(`\n${bold(`git log --oneline --graph ${baseBranch}`)} ${dim('(of the hub)')}\n${printable(graph)}\n`);
  return closed;
}

async function withBoard<T>(
  { output, config }: Context,
  mcp: McpCoordinator,
  signal: AbortSignal,
  tell: (board: Board) => Promise<T>,
): Promise<T> {
  const board = createBoard(output, config.interactive);
  const done = new AbortController();
  const both = AbortSignal.any([signal, done.signal]);
  const look = async (): Promise<void> => board.show((await mcp.call('listTasks', {})).tasks);
  const watching = (async () => {
    let { cursor } = await mcp.call('waitForEvents', { timeoutMs: 0 });
    while (!both.aborted) {
      await look();
      const waiting = mcp.call('waitForEvents', { cursor, timeoutMs: WAIT_MS }, { signal: done.signal });
      // The end of the story cuts the wait; that is no failure.
      const news = await waiting.catch((error: unknown) => {
        if (!done.signal.aborted) throw error;
        return { cursor };
      });
      ({ cursor } = news);
    }
  })();
  // A failing look must not be an unhandled rejection while the story goes on; its error is the story's too.
  watching.catch(() => undefined);
  try {
    const result = await tell(board);
    done.abort();
    await watching;
    await look();
    return result;
  } finally {
    done.abort();
    await watching.catch(() => undefined);
    board.end();
  }
}
