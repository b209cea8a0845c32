import { readFile } from 'node:fs/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/** A little more than the longest wait of the service. */
const CALL_MS = 65_000;

interface ServerEntry {
  readonly url: string;
  readonly headers: Record<string, string>;
}

/** The servers that the agent knows by name: that of its role, and that of its own task where this is another one. */
export type ServerName = 'roundhouse' | 'roundhouse-self';

/**
 * Calls one tool of a server that the configuration file (the form that Claude and others read) names. Where it names no
 * `roundhouse-self`, `roundhouse` is that.
 * Resolves with the structured answer as JSON text. @throws with the typed error as JSON text in the message.
 */
export async function callTool(
  configFile: string,
  serverName: ServerName,
  name: string,
  input: Record<string, unknown>,
  signal: AbortSignal,
): Promise<string> {
  const { url, headers } = await readServer(configFile, serverName);
  const client = new Client(
    { name: 'roundhouse-scripted-agent', version: '0.1.0' },
    { versionNegotiation: { mode: 'auto' } },
  );
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }), { signal });
    const result = await client.callTool(
      { name, arguments: input },
      { signal, timeout: CALL_MS, onprogress: () => undefined },
    );
    const text = JSON.stringify(result.structuredContent ?? result.content);
    if (result.isError === true) throw new Error(`${name} was refused: ${text}`);
    return text;
  } finally {
    await client.close();
  }
}

async function readServer(configFile: string, name: ServerName): Promise<ServerEntry> {
  const parsed = JSON.parse(await readFile(configFile, 'utf8')) as {
    mcpServers?: Partial<Record<ServerName, ServerEntry>>;
  };
  const server = parsed.mcpServers?.[name] ?? parsed.mcpServers?.roundhouse;
  if (server === undefined) throw new Error('the MCP configuration names no server "roundhouse"');
  return server;
}
