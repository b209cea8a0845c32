import { LOG_DESTINATION, runService } from '@roundhouse/host';
import { pino } from 'pino';
import { startCoordinator } from './compose.ts';
import { readConfig } from './config.ts';

await runService('coordinator', {
  logger: (name) => pino({ name, level: readConfig(process.env).logLevel }, pino.destination(LOG_DESTINATION)),
  start: ({ log }) => startCoordinator(readConfig(process.env), log),
});
