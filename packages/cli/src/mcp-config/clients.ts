import { join } from 'node:path';

/** Where programs keep their settings on this machine. */
export interface Places {
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** XDG_CONFIG_HOME, CODEX_HOME, CLAUDE_CONFIG_DIR, APPDATA, where they are set. */
  readonly xdgConfig: string | undefined;
  readonly codexHome: string | undefined;
  readonly claudeFolder: string | undefined;
  readonly appData: string | undefined;
}

/** How a client reaches the gateway: over HTTP with the token in a header, or as a program that finds it in a file. */
export type Connection =
  | { readonly transport: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly transport: 'stdio'; readonly command: string; readonly args: readonly string[] };

/** What one MCP client reads: the user's own file of it, and an entry in the form that it knows. */
export interface McpClient {
  readonly title: string;
  readonly format: 'json' | 'toml';
  /** The user's own settings, the first that is there; else the last is made. Never a file of a repository: there is a token in it. */
  files(places: Places): readonly string[];
  /** The object that holds the entries by name. */
  readonly section: string;
  entry(connection: Connection): Readonly<Record<string, unknown>>;
}

/** A wait takes up to 55 s; what gives up earlier would lose it. */
const TOOL_TIMEOUT_S = 90;

const program = ({ command, args }: Connection & { transport: 'stdio' }) => ({ command, args });

const codeFolder = ({ home, platform, xdgConfig, appData }: Places): string => {
  if (platform === 'darwin') return join(home, 'Library/Application Support/Code');
  if (platform === 'win32') return join(appData ?? join(home, 'AppData/Roaming'), 'Code');
  return join(xdgConfig ?? join(home, '.config'), 'Code');
};

/** A literal: each client’s own words for the same thing. Sources: their documentation, and the programs themselves. */
export const MCP_CLIENTS = {
  claude: {
    title: 'Claude Code',
    format: 'json',
    files: ({ home, claudeFolder }) => [join(claudeFolder ?? home, '.claude.json')],
    section: 'mcpServers',
    // Without alwaysLoad its model finds the tools only where it searches for them.
    entry: (connection) =>
      connection.transport === 'http'
        ? { type: 'http', url: connection.url, headers: connection.headers, alwaysLoad: true }
        : { type: 'stdio', ...program(connection), alwaysLoad: true },
  },
  codex: {
    title: 'Codex',
    format: 'toml',
    files: ({ home, codexHome }) => [join(codexHome ?? join(home, '.codex'), 'config.toml')],
    section: 'mcp_servers',
    entry: (connection) => ({
      ...(connection.transport === 'http'
        ? { url: connection.url, http_headers: connection.headers }
        : // It gives a server a second before its first prompt, and goes on without; our program takes longer, and starts even
          // where the service does not run.
          { ...program(connection), required: true }),
      tool_timeout_sec: TOOL_TIMEOUT_S,
    }),
  },
  gemini: {
    title: 'Gemini CLI',
    format: 'json',
    files: ({ home }) => [join(home, '.gemini/settings.json')],
    section: 'mcpServers',
    entry: (connection) => ({
      ...(connection.transport === 'http'
        ? { type: 'http', url: connection.url, headers: connection.headers }
        : program(connection)),
      timeout: TOOL_TIMEOUT_S * 1_000,
    }),
  },
  opencode: {
    title: 'opencode',
    format: 'json',
    files: ({ home, xdgConfig }) =>
      ['opencode.jsonc', 'opencode.json'].map((name) => join(xdgConfig ?? join(home, '.config'), 'opencode', name)),
    section: 'mcp',
    entry: (connection) => ({
      ...(connection.transport === 'http'
        ? { type: 'remote', url: connection.url, headers: connection.headers, oauth: false }
        : { type: 'local', command: [connection.command, ...connection.args] }),
      enabled: true,
      timeout: TOOL_TIMEOUT_S * 1_000,
    }),
  },
  cursor: {
    title: 'Cursor',
    format: 'json',
    files: ({ home }) => [join(home, '.cursor/mcp.json')],
    section: 'mcpServers',
    entry: (connection) =>
      connection.transport === 'http' ? { url: connection.url, headers: connection.headers } : program(connection),
  },
  vscode: {
    title: 'VS Code',
    format: 'json',
    files: (places) => [join(codeFolder(places), 'User/mcp.json')],
    section: 'servers',
    entry: (connection) =>
      connection.transport === 'http'
        ? { type: 'http', url: connection.url, headers: connection.headers }
        : { type: 'stdio', ...program(connection) },
  },
} as const satisfies Readonly<Record<string, McpClient>>;

export type McpClientName = keyof typeof MCP_CLIENTS;
export const MCP_CLIENT_NAMES = Object.keys(MCP_CLIENTS) as McpClientName[];
