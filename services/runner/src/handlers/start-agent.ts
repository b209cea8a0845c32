import type { PermissionMode, RunnerConfig, RunnerEvent } from '@roundhouse/contracts';
import type { AdapterOf, AgentTerminal, Log, Now, Terminals, Timers } from '../ports.ts';
import { instructionsFor } from '../domain/instructions.ts';
import { agentEnvironment } from './agent-environment.ts';
import { type AgentFiles, writePromptFile, writeSeeds } from './agent-files.ts';
import { DialogDesk } from './answer-dialogs.ts';
import { PromptDesk } from './deliver-prompts.ts';
import { mcpServersFor } from './mcp-servers.ts';
import { InputDesk } from './type-inputs.ts';
import type { LatestWish } from './latest-wish.ts';
import { ActivityWatch } from './watch-activity.ts';
import { ActivityReader } from './read-activity.ts';
import { QuotaWatch } from './watch-quota.ts';

type AgentPlace = Pick<
  Extract<RunnerConfig, { mode: 'attempt' }>,
  'assignment' | 'folder' | 'coordinatorUrl' | 'mcpUrl' | 'proxyUrl' | 'isolated'
>;

export interface AgentOrder {
  /** The sandbox's folder, where its doors and its proxy are, and whether it is one. */
  readonly run: AgentPlace;
  /** Those that need no prompt are written already. */
  readonly files: AgentFiles;
  readonly worktree: string;
  readonly mark: string;
  readonly inherited: Readonly<Record<string, string>>;
  /** What the operator means for agents: credentials of model providers, their addresses. */
  readonly forAgents: Readonly<Record<string, string>>;
  /** The agent begins once this has resolved, and not at all where it rejects. */
  readonly after: Promise<unknown>;
}

export interface AgentPorts {
  readonly adapterOf: AdapterOf;
  readonly terminals: Terminals;
  readonly now: Now;
  readonly timers: Timers;
  readonly log: Log;
  readonly report: (event: RunnerEvent) => void;
  readonly output: (data: Uint8Array) => void;
}

/** A running agent with what attends to it. */
export interface Agent {
  readonly terminal: AgentTerminal;
  readonly prompts: PromptDesk;
  readonly inputs: InputDesk;
  readonly dialogs: DialogDesk;
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
  const { run, files, worktree } = order;
  const { assignment } = run;
  const { report, log } = ports;
  const adapter = ports.adapterOf(assignment.agent);
  const via = adapter.firstPromptVia(assignment.agent);
  const firstPrompt = via === 'typed' ? null : await wish.firstPrompt(signal);
  const promptFile = via === 'file' && firstPrompt !== null ? writePromptFile(files, firstPrompt.text) : null;
  const launch = adapter.launch(assignment.agent, {
    firstPrompt,
    ...files,
    worktree,
    taskId: assignment.taskId,
    mcp: mcpServersFor(assignment, run.mcpUrl),
    instructions: instructionsFor(assignment),
    permissionMode: permissionModeOf(run),
    environment: order.forAgents,
    resumes: false,
  });
  const activity = new ActivityWatch(report, ports.now);
  const reader = new ActivityReader(adapter.signs, ports.timers, (reading) => {
    activity.read(reading);
    if (adapter.typing.readyBy === 'activity') prompts.activity(reading);
    dialogs.look();
  });
  const prompts: PromptDesk = new PromptDesk(adapter.typing, report, log, () =>
    adapter.typing.readyBy === 'activity' ? reader.input : undefined,
  );
  const policy = 'dialogs' in assignment.agent ? assignment.agent.dialogs : 'ask';
  const dialogs: DialogDesk = new DialogDesk(policy, () => reader.dialog, { ...ports, report });
  const quota = new QuotaWatch(report, ports.now);
  const terminal: AgentTerminal = await ports.terminals.spawn({
    after: Promise.all([order.after, promptFile, writeSeeds(files, launch.files)]),
    argv: launch.argv,
    env: { ...agentEnvironment({ ...run, ...order }), ...order.forAgents, ...launch.env },
    cwd: worktree,
    cols: assignment.cols,
    rows: assignment.rows,
    onOutput: ports.output,
    onStatus: (status) => {
      // Before the activity: who hears that it is idle must know by then that it was refused.
      quota.status(status);
      reader.status(status);
      if (adapter.typing.readyBy !== 'activity') prompts.status(status);
    },
    onTitle: (title) => reader.title(title),
    onTyped: (text) => reader.typed(text),
    onSettled: () => {
      reader.settled(terminal.view);
      dialogs.look();
      prompts.settled();
      inputs.settled();
    },
  });
  const inputs = new InputDesk(terminal, () => prompts.between(), report, log);
  report({ type: 'agent_started', pid: terminal.pid });
  if (firstPrompt !== null) prompts.givenAtStart(firstPrompt.id);
  prompts.attach(terminal);
  dialogs.attach(terminal);
  return {
    terminal,
    prompts,
    inputs,
    dialogs,
    close: () => {
      prompts.close();
      inputs.close();
      dialogs.close();
      reader.close();
      activity.close();
      terminal.close();
    },
  };
}

/** A container keeps an agent from what it may not reach; in a plain process it asks before it runs commands. */
function permissionModeOf({ assignment: { agent }, isolated }: AgentPlace): PermissionMode {
  const asked = 'permissionMode' in agent ? agent.permissionMode : undefined;
  return asked ?? (isolated ? 'all' : 'edits');
}
