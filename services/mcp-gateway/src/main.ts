import { runService } from '@roundhouse/host';
import { readConfig } from './config.ts';
import { startGateway } from './http.ts';
import { createLogger } from './logger.ts';

await runService('mcp-gateway', {
  logger: () => createLogger(readConfig().logLevel),
  start: ({ log }) => startGateway(readConfig(), log),
});
