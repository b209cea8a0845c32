import type { Logger } from '@roundhouse/host';

const nothing = (): void => undefined;

export const quietLog: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
