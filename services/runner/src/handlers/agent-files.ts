import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Assignment } from '@roundhouse/contracts';
import { writeFileAtomic } from '@roundhouse/host';

export interface AgentFiles {
  readonly home: string;
  readonly mcpConfig: string;
  readonly promptFile: string;
}

/** Paths of what an agent gets beside its worktree: all of it in a HOME of its own, nothing in the tree. */
export function agentFilesIn(folder: string): AgentFiles {
  const home = join(folder, 'home');
  return { home, mcpConfig: join(home, 'roundhouse-mcp.json'), promptFile: join(home, 'roundhouse-prompt.txt') };
}

/** Writes the agent's MCP configuration, and its first prompt where that travels as a file; both readable by it alone. */
export async function writeAgentFiles(
  files: AgentFiles,
  order: { readonly mcpUrl: string; readonly assignment: Assignment; readonly prompt: string | null },
): Promise<void> {
  const { mcpUrl, assignment, prompt } = order;
  await mkdir(files.home, { recursive: true, mode: 0o700 });
  const headers = { Authorization: `Bearer ${assignment.subtaskToken}`, 'X-Done-Token': assignment.doneToken };
  const config = { mcpServers: { roundhouse: { type: 'http', url: mcpUrl, headers } } };
  // The agent that reads them does not outlive the host; to sync them would be a good part of a warm start.
  const options = { mode: 0o600, durable: false };
  await Promise.all([
    writeFileAtomic(files.mcpConfig, JSON.stringify(config), options),
    prompt === null ? null : writeFileAtomic(files.promptFile, prompt, options),
  ]);
}
