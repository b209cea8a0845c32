import { MCP_CLIENT_NAMES, MCP_CLIENTS } from '../mcp-config/clients.ts';
import { entryText } from '../mcp-config/entry-text.ts';
import type { Entry } from '../state-files.ts';

/** What a person pastes to connect a client: each with a headline. */
export function pasteLines(
  addresses: { readonly api: string; readonly mcp: string },
  { coordinator }: Entry,
): readonly (readonly [string, string])[] {
  const headers = { Authorization: `Bearer ${coordinator.token}` };
  const entry = MCP_CLIENTS.claude.entry({ transport: 'http', url: addresses.mcp, headers });
  const titles = Object.values(MCP_CLIENTS).map(({ title }) => title);
  return [
    [titles.join(', '), `npx roundhouse mcp config --client ${MCP_CLIENT_NAMES.join('|')} --write`],
    ['Any other: .mcp.json', entryText(MCP_CLIENTS.claude, 'roundhouse', entry).trimEnd()],
    [
      'curl',
      `curl -s -H "Authorization: Bearer ${coordinator.token}" -H "X-Coordinator-Id: ${coordinator.id}" ${addresses.api}/api/tasks`,
    ],
  ];
}
