import { LOG_DESTINATION, runService } from '@roundhouse/host';
import { destination, pino } from 'pino';
import { startLauncher } from './app.ts';
import { type Config, readConfig } from './config.ts';

// Read where runService turns an error into one line, and once.
let config: Config | undefined;
const configured = (): Config => (config ??= readConfig());

await runService('launcher', {
  logger: (name) => pino({ name, level: configured().logLevel }, destination(LOG_DESTINATION)),
  start: ({ log }) => startLauncher(configured(), log),
});
