import { join } from 'node:path';

/** What lies where in the data folder: a literal list, so that nothing else spells these names. */
export const dataPaths = (folder: string) => ({
  folder,
  lock: join(folder, 'up.lock'),
  secrets: join(folder, 'secrets'),
  operatorToken: join(folder, 'secrets', 'operator-token'),
  launcherToken: join(folder, 'secrets', 'launcher-token'),
  state: join(folder, 'state.json'),
  endpoint: join(folder, 'endpoint.json'),
  redis: join(folder, 'redis'),
  coordinator: join(folder, 'coordinator'),
  sandboxes: join(folder, 'sandboxes'),
  doors: join(folder, 'doors'),
  runnerTrees: join(folder, 'runner-trees'),
  sample: join(folder, 'sample'),
  mcpConfigs: join(folder, 'mcp-configs'),
  log: join(folder, 'services.log'),
});
export type DataPaths = ReturnType<typeof dataPaths>;
