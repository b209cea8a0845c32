import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/**
 * One MCP connection, as a client of today has it.
 *
 * @param {string} url of the gateway
 * @param {Record<string, string>} headers
 */
export async function mcpTool(url, headers) {
  const client = new Client({ name: 'bench', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers } }));
  return {
    /** @param {string} name @param {Record<string, unknown>} given @returns {Promise<any>} */
    async call(name, given) {
      const result = await client.callTool({ name, arguments: given });
      if (result.isError === true) throw new Error(`${name}: ${JSON.stringify(result.content)}`);
      return result.structuredContent;
    },
    close: () => client.close(),
  };
}
