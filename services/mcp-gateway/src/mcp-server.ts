import { Server } from '@modelcontextprotocol/server';
import { ACCESS } from '@roundhouse/contracts';
import { callTool, type CallParts } from './call-tool.ts';
import type { Caller } from './identity.ts';
import { instructionsFor } from './instructions.ts';
import { mayBeTold, serveNotificationsResource } from './notifications-resource.ts';
import { serveTasks } from './serve-tasks.ts';
import { declaresTasks, TASKS_EXTENSION } from './tasks-extension.ts';
import { toolsFor } from './tools.ts';

export const SERVER_INFO = { name: 'roundhouse', title: 'Roundhouse', version: '0.1.0' };

export interface Connection {
  /** The newer era says with each request what its client can; the older one has no tasks that outlive a request. */
  readonly era: 'modern' | 'legacy';
  /** Whether the client can be told over this connection that a resource has changed. */
  readonly subscribable: boolean;
}

/** Makes the MCP server of one caller: of one HTTP request, or of one stdio connection. It holds nothing else. */
export function createServer(parts: CallParts, { era, subscribable }: Connection): Server {
  const { role } = parts.caller;
  const told = mayBeTold(role);
  const keeps = era === 'modern' && role !== null && ACCESS.keepWait[role] !== 'none';
  const server = new Server(SERVER_INFO, {
    capabilities: {
      tools: {},
      ...(told ? { resources: { subscribe: subscribable } } : {}),
      ...(keeps ? { extensions: { [TASKS_EXTENSION]: {} } } : {}),
    },
    ...(role === null ? {} : { instructions: instructionsFor(role) }),
  });
  server.setRequestHandler('tools/list', (_request, context) => ({
    tools: role === null ? [] : toolsFor(role, { tasks: keeps && declaresTasks(context) }),
  }));
  server.setRequestHandler('tools/call', (request, context) =>
    callTool(request.params.name, request.params.arguments ?? {}, context, {
      ...parts,
      caller: introduced(parts.caller, server),
    }),
  );
  if (keeps) serveTasks(server, parts);
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
