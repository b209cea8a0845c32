import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

export interface CallResult {
  readonly isError?: boolean;
  readonly structuredContent?: unknown;
  readonly content: readonly { readonly type: string; readonly text?: string }[];
}

/** What the tests need of a client, so that one test runs with the clients of both eras. */
export interface TestClient {
  readonly listTools: () => Promise<{
    tools: readonly {
      name: string;
      inputSchema: unknown;
      outputSchema?: unknown;
      annotations?: unknown;
      _meta?: unknown;
    }[];
  }>;
  readonly callTool: (
    name: string,
    given: Record<string, unknown>,
    options?: { signal?: AbortSignal; onprogress?: (progress: { progress: number }) => void },
  ) => Promise<CallResult>;
  /** What the server says that it can do with resources. */
  readonly resourcesCapability: () => unknown;
  readonly close: () => Promise<void>;
}

type Headers = Readonly<Record<string, string>>;

async function modern(url: string, headers: Headers): Promise<TestClient> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }));
  return {
    listTools: () => client.listTools(),
    callTool: (name, given, options) => client.callTool({ name, arguments: given }, options) as Promise<CallResult>,
    resourcesCapability: () => client.getServerCapabilities()?.resources,
    close: () => client.close(),
  };
}

async function older(url: string, headers: Headers): Promise<TestClient> {
  const client = new OldClient({ name: 'test', version: '1' });
  // The 1.x transport's own types do not stand under exactOptionalPropertyTypes.
  const transport = new OldTransport(new URL(`${url}/mcp`), { requestInit: { headers } }) as Parameters<
    OldClient['connect']
  >[0];
  await client.connect(transport);
  return {
    listTools: () => client.listTools(),
    callTool: (name, given, options) =>
      client.callTool({ name, arguments: given }, undefined, options) as Promise<CallResult>,
    resourcesCapability: () => client.getServerCapabilities()?.resources,
    close: () => client.close(),
  };
}

export const ERAS = [
  ['2026-07-28', modern],
  ['2025', older],
] as const;
