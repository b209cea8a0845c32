import { LOG_DESTINATION } from '@roundhouse/host';
import { destination, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export const createLogger = (level: string): Logger => pino({ name: 'relay', level }, destination(LOG_DESTINATION));
