import type { Entry } from '../state-files.ts';

/** What a person pastes to connect a client: each with a headline. */
export function pasteLines(
  addresses: { readonly api: string; readonly mcp: string },
  { coordinator }: Entry,
): readonly (readonly [string, string])[] {
  const header = `Authorization: Bearer ${coordinator.token}`;
  const mcpJson = {
    mcpServers: {
      roundhouse: { type: 'http', url: addresses.mcp, headers: { Authorization: `Bearer ${coordinator.token}` } },
    },
  };
  return [
    ['Claude Code', `claude mcp add --transport http roundhouse ${addresses.mcp} --header "${header}"`],
    ['.mcp.json', JSON.stringify(mcpJson, null, 2)],
    [
      'Codex (~/.codex/config.toml)',
      [
        '[mcp_servers.roundhouse]',
        `url = "${addresses.mcp}"`,
        `http_headers = { "Authorization" = "Bearer ${coordinator.token}" }`,
        'tool_timeout_sec = 90',
      ].join('\n'),
    ],
    ['curl', `curl -s -H "${header}" -H "X-Coordinator-Id: ${coordinator.id}" ${addresses.api}/api/tasks`],
  ];
}
