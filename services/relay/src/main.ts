import { runService } from '@roundhouse/host';
import { startRelay } from './app.ts';
import { readConfig } from './config.ts';
import { createLogger } from './logger.ts';

await runService('relay', {
  logger: () => createLogger(readConfig().logLevel),
  start: ({ log }) => startRelay(readConfig(), log),
});
