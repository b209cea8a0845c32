import { LOG_DESTINATION } from '@roundhouse/host';
import { destination, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Logs go to standard error: standard output belongs to the protocol of the stdio entry. */
export const createLogger = (level: string): Logger =>
  pino({ name: 'mcp-gateway', level }, destination(LOG_DESTINATION));
