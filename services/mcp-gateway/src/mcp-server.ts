import { Server } from '@modelcontextprotocol/server';
import { callTool, type CallParts } from './call-tool.ts';
import type { Caller } from './identity.ts';
import { instructionsFor } from './instructions.ts';
import { mayBeTold, serveNotificationsResource } from './notifications-resource.ts';
import { toolsFor } from './tools.ts';

export const SERVER_INFO = { name: 'roundhouse', title: 'Roundhouse', version: '0.1.0' };

/**
 * Makes the MCP server of one caller: of one HTTP request, or of one stdio connection. It holds nothing else.
 * `subscribable`: whether its client can be told over this connection that a resource has changed.
 */
export function createServer(parts: CallParts, { subscribable }: { readonly subscribable: boolean }): Server {
  const { role } = parts.caller;
  const told = mayBeTold(role);
  const server = new Server(SERVER_INFO, {
    capabilities: { tools: {}, ...(told ? { resources: { subscribe: subscribable } } : {}) },
    ...(role === null ? {} : { instructions: instructionsFor(role) }),
  });
  server.setRequestHandler('tools/list', () => ({ tools: role === null ? [] : toolsFor(role) }));
  server.setRequestHandler('tools/call', (request, context) =>
    callTool(request.params.name, request.params.arguments ?? {}, context, {
      ...parts,
      caller: introduced(parts.caller, server),
    }),
  );
  if (told) serveNotificationsResource(server, parts);
  return server;
}

/** The caller with what its client calls itself, where this server has heard it. */
export function introduced(caller: Caller, server: Server): Caller {
  // In both eras: of the newer one the library fills it in from each request.
  const said = server.getClientVersion();
  if (said === undefined) return caller;
  const { name, version } = said;
  return { ...caller, client: { ...caller.client, name, version } };
}
