import { fileURLToPath } from 'node:url';

/** Where the services lie, seen from the built file of this module. A literal: nothing is discovered. */
const SERVICES = new URL('../../../../services/', import.meta.url);
const mainOf = (service: string): string => fileURLToPath(new URL(`${service}/dist/main.js`, SERVICES));

export const SERVICE_MAINS = {
  coordinator: mainOf('coordinator'),
  'mcp-gateway': mainOf('mcp-gateway'),
  launcher: mainOf('launcher'),
  runner: mainOf('runner'),
} as const;
export type ServiceName = Exclude<keyof typeof SERVICE_MAINS, 'runner'>;
