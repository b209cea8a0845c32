import { Server } from '@modelcontextprotocol/server';
import { callTool, type CallParts } from './call-tool.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { toolsFor } from './tools.ts';

export const SERVER_INFO = { name: 'roundhouse', title: 'Roundhouse', version: '0.1.0' };

/** Makes the MCP server of one caller: of one HTTP request, or of one stdio connection. It holds nothing else. */
export function createServer(parts: CallParts): Server {
  const { audience } = parts.caller;
  const server = new Server(SERVER_INFO, {
    capabilities: { tools: {} },
    ...(audience === null ? {} : { instructions: INSTRUCTIONS[audience] }),
  });
  server.setRequestHandler('tools/list', () => ({ tools: audience === null ? [] : toolsFor(audience) }));
  server.setRequestHandler('tools/call', (request, context) =>
    callTool(request.params.name, request.params.arguments ?? {}, context, parts),
  );
  return server;
}
