import type { PermissionMode, RunnerConfig, RunnerEvent } from '@roundhouse/contracts';
import type { AgentAdapter, AgentTerminal, LaunchContext, Terminals } from '../ports.ts';
import { instructionsFor } from '../domain/instructions.ts';
import type { AgentDesks } from './agent-desks.ts';
import { agentEnvironment } from './agent-environment.ts';
import { type AgentFiles, writePromptFile, writeSeeds } from './agent-files.ts';
import { mcpServersFor } from './mcp-servers.ts';

type AgentPlace = Pick<
  Extract<RunnerConfig, { mode: 'attempt' }>,
  'assignment' | 'folder' | 'coordinatorUrl' | 'mcpUrl' | 'proxyUrl' | 'isolated' | 'agentEnvironment'
>;

export interface AgentOrder {
  /** The sandbox's folder, where its doors and its proxy are, and whether it is one. */
  readonly run: AgentPlace;
  /** Those that need no prompt are written already. */
  readonly files: AgentFiles;
  readonly worktree: string;
  readonly mark: string;
  readonly inherited: Readonly<Record<string, string>>;
  /** The agent begins once this has resolved, and not at all where it rejects. */
  readonly after: Promise<unknown>;
}

export interface StartPorts {
  readonly terminals: Terminals;
  readonly output: (data: Uint8Array) => void;
  readonly report: (event: RunnerEvent) => void;
}

/** With which prompt it is started, where that goes along with the start, and whether it goes on with its conversation. */
export type Start = Pick<LaunchContext, 'firstPrompt' | 'resumes'>;

/** Starts the agent's program in a terminal, in the worktree. @throws ProgramNotFoundError, or what the system said. */
export async function startAgent(
  order: AgentOrder,
  adapter: AgentAdapter,
  { firstPrompt, resumes }: Start,
  ports: StartPorts,
  desks: AgentDesks,
): Promise<AgentTerminal> {
  const { run, files, worktree } = order;
  const { assignment } = run;
  const via = adapter.firstPromptVia(assignment.agent);
  const promptFile = via === 'file' && firstPrompt !== null ? writePromptFile(files, firstPrompt.text) : null;
  const launch = adapter.launch(assignment.agent, {
    firstPrompt,
    ...files,
    worktree,
    taskId: assignment.taskId,
    mcp: mcpServersFor(assignment, run.mcpUrl),
    instructions: instructionsFor(assignment),
    permissionMode: permissionModeOf(run),
    environment: run.agentEnvironment,
    resumes,
  });
  const terminal: AgentTerminal = await ports.terminals.spawn({
    after: Promise.all([order.after, promptFile, writeSeeds(files, launch.files)]),
    argv: launch.argv,
    env: { ...agentEnvironment({ ...run, ...order }), ...run.agentEnvironment, ...launch.env },
    cwd: worktree,
    cols: assignment.cols,
    rows: assignment.rows,
    onOutput: ports.output,
    ...desks.ears(() => terminal),
  });
  return terminal;
}

/** A container keeps an agent from what it may not reach; in a plain process it asks before it runs commands. */
function permissionModeOf({ assignment: { agent }, isolated }: AgentPlace): PermissionMode {
  const asked = 'permissionMode' in agent ? agent.permissionMode : undefined;
  return asked ?? (isolated ? 'all' : 'edits');
}
