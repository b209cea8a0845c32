import type { LaunchContext, McpServer } from '../ports.ts';

/** The servers by their names, each in the form that a program reads. */
export const mapServers = (servers: LaunchContext['mcp'], form: (server: McpServer) => object): object =>
  Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, form(server)]));
