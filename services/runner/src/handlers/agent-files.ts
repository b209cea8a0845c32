import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Assignment } from '@roundhouse/contracts';
import { writeFileAtomic } from '@roundhouse/host';
import { mcpServersFor } from './mcp-servers.ts';
import type { SeedFile } from '../ports.ts';

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

// The agent that reads them does not outlive the host; to sync them would be a good part of a warm start.
const FOR_THE_AGENT_ALONE = { mode: 0o600, durable: false } as const;

/** Makes the agent's HOME and writes its MCP configuration there. */
export async function writeAgentFiles(files: AgentFiles, mcpUrl: string, assignment: Assignment): Promise<void> {
  await mkdir(files.home, { recursive: true, mode: 0o700 });
  const servers = Object.entries(mcpServersFor(assignment, mcpUrl));
  const mcpServers = Object.fromEntries(servers.map(([name, server]) => [name, { type: 'http', ...server }]));
  const config = { mcpServers };
  await writeFileAtomic(files.mcpConfig, JSON.stringify(config), FOR_THE_AGENT_ALONE);
}

/** Writes what an agent reads at its start. Once the HOME is there. */
export async function writeSeeds({ home }: AgentFiles, seeds: readonly SeedFile[]): Promise<void> {
  for (const { path, text } of seeds) {
    const file = join(home, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFileAtomic(file, text, FOR_THE_AGENT_ALONE);
  }
}

/** Writes the first prompt, where that travels as a file. Once the HOME is there. */
export const writePromptFile = ({ promptFile }: AgentFiles, prompt: string): Promise<void> =>
  writeFileAtomic(promptFile, prompt, FOR_THE_AGENT_ALONE);
