import type { CliConfig } from './config.ts';
import type { Output } from './output.ts';

/** What every command is given. */
export interface Context {
  readonly config: CliConfig;
  readonly output: Output;
  readonly cwd: string;
}
