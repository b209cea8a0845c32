import type { Assignment, RunnerConfig, RunnerEvent } from '@roundhouse/contracts';
import type { AdapterOf, AgentTerminal, Log, Now, Terminals } from '../ports.ts';
import { agentEnvironment } from './agent-environment.ts';
import { agentFilesIn, writeAgentFiles } from './agent-files.ts';
import { PromptDesk } from './deliver-prompts.ts';
import type { LatestWish } from './latest-wish.ts';
import { ActivityWatch } from './watch-activity.ts';
import { QuotaWatch } from './watch-quota.ts';

type AgentPlace = Pick<
  Extract<RunnerConfig, { mode: 'attempt' }>,
  'folder' | 'mcpUrl' | 'coordinatorUrl' | 'proxyUrl' | 'isolated'
>;

export interface AgentOrder {
  readonly assignment: Assignment;
  /** The sandbox's folder, where its doors and its proxy are, and whether it is one. */
  readonly run: AgentPlace;
  readonly worktree: string;
  readonly mark: string;
  readonly inherited: Readonly<Record<string, string>>;
}

export interface AgentPorts {
  readonly adapterOf: AdapterOf;
  readonly terminals: Terminals;
  readonly now: Now;
  readonly log: Log;
  readonly report: (event: RunnerEvent) => void;
  readonly output: (data: Uint8Array) => void;
}

/** A running agent with what attends to it. */
export interface Agent {
  readonly terminal: AgentTerminal;
  readonly prompts: PromptDesk;
  /** Ends what attends to it and gives the terminal back; the program itself is ended by its tree. */
  close(): void;
}

/** Starts the agent in its terminal, in the worktree. @throws ProgramNotFoundError, or what the system said. */
export async function startAgent(
  order: AgentOrder,
  ports: AgentPorts,
  wish: LatestWish,
  signal: AbortSignal,
): Promise<Agent> {
  const { assignment, run, worktree } = order;
  const { report, log } = ports;
  const adapter = ports.adapterOf(assignment.agent);
  const via = adapter.firstPromptVia(assignment.agent);
  const firstPrompt = via === 'typed' ? null : await wish.firstPrompt(signal);
  const files = agentFilesIn(run.folder);
  await writeAgentFiles(files, {
    mcpUrl: run.mcpUrl,
    assignment,
    prompt: via === 'file' ? (firstPrompt?.text ?? null) : null,
  });
  signal.throwIfAborted();

  const launch = adapter.launch(assignment.agent, { firstPrompt, promptFile: files.promptFile });
  const prompts = new PromptDesk(adapter.typing, report, log);
  const activity = new ActivityWatch(report, ports.now);
  const quota = new QuotaWatch(report, ports.now);
  const terminal: AgentTerminal = await ports.terminals.spawn({
    argv: launch.argv,
    env: { ...agentEnvironment({ ...run, ...order, files }), ...launch.env },
    cwd: worktree,
    cols: assignment.cols,
    rows: assignment.rows,
    onOutput: ports.output,
    onStatus: (status) => {
      // Before the activity: who hears that it is idle must know by then that it was refused.
      quota.status(status);
      activity.status(status);
      prompts.status(status);
    },
    onSettled: () => {
      activity.settled(terminal.cursorLine);
      prompts.settled();
    },
  });
  report({ type: 'agent_started', pid: terminal.pid });
  if (firstPrompt !== null) prompts.givenAtStart(firstPrompt.id);
  prompts.attach(terminal);
  return {
    terminal,
    prompts,
    close: () => {
      prompts.close();
      activity.close();
      terminal.close();
    },
  };
}
