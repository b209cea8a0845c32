import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where the service keeps what can be fetched again: `${XDG_CACHE_HOME:-~/.cache}/roundhouse`. It may not be there yet. */
export const cacheFolder = (): string => join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'roundhouse');
