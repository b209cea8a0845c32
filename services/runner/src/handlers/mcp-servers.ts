import type { Assignment } from '@roundhouse/contracts';
import type { McpServer } from '../ports.ts';

/** The name of the server that has the tools of an agent's role. */
export const MCP_SERVER = 'roundhouse';
/** Of a hosted coordinator: the name of the server with which it speaks for its own task. */
export const OWN_MCP_SERVER = 'roundhouse-self';

/**
 * The servers that an agent is given, by name: a sub-task's tools; of a hosted coordinator the coordinator's tools, and the
 * sub-task's, so that it can end, under another name.
 */
export function mcpServersFor(
  { subtaskToken, doneToken, coordinator }: Assignment,
  url: string,
): Readonly<Record<string, McpServer>> {
  const own = { url, headers: { Authorization: `Bearer ${subtaskToken}`, 'X-Done-Token': doneToken } };
  if (coordinator === undefined) return { [MCP_SERVER]: own };
  const headers = { Authorization: `Bearer ${coordinator.token}`, 'X-Coordinator-Id': coordinator.id };
  return { [MCP_SERVER]: { url, headers }, [OWN_MCP_SERVER]: own };
}
