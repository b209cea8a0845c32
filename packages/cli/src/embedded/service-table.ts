import { fileURLToPath } from 'node:url';

/**
 * Where the services lie, seen from the built file of this module. A literal: nothing is discovered. Bundled, they start
 * in less than half the time.
 */
const SERVICES = new URL('../../../../services/', import.meta.url);
const mainOf = (service: string): string => fileURLToPath(new URL(`${service}/dist/bundle/main.js`, SERVICES));

export const SERVICE_MAINS = {
  coordinator: mainOf('coordinator'),
  'mcp-gateway': mainOf('mcp-gateway'),
  relay: mainOf('relay'),
  launcher: mainOf('launcher'),
  runner: mainOf('runner'),
} as const;
/** The gateway as a program that an MCP client starts. */
export const MCP_STDIO_MAIN = fileURLToPath(new URL('mcp-gateway/dist/bundle/stdio-main.js', SERVICES));
export type ServiceName = Exclude<keyof typeof SERVICE_MAINS, 'runner'>;
