import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Context } from '../context.ts';
import { dataPaths } from '../data-folder.ts';
import { examine } from '../doctor/checks.ts';
import { Failure } from '../failure.ts';
import { oneLine, table } from '../output.ts';

/** Looking for Redis may mean to fetch and unpack it. */
const BOUND_MS = 90_000;

/** `roundhouse doctor`: is everything here that the service needs, and does it run? */
export const doctorCommand = (context: Context): Command =>
  new Command('doctor')
    .summary('check what the service needs, and say what to do')
    .option('--url <url>', 'the API to look for')
    .option('--data <dir>', 'the data folder', context.config.dataFolder)
    .option('--json', 'answer in JSON', false)
    .action(async (options: { url?: string; data: string; json: boolean }) => {
      const { output, config, cwd } = context;
      const paths = dataPaths(resolve(cwd, options.data));
      const findings = await examine({ paths, config, cwd, url: options.url, signal: AbortSignal.timeout(BOUND_MS) });
      if (options.json) output.json({ findings });
      else {
        const { green, red, dim } = output.colour;
        const rows = findings.map(({ check, well, found, advice }) => [
          well ? green('✓') : red('✗'),
          check,
          advice === null ? oneLine(found) : `${oneLine(found)} ${dim('→')} ${advice}`,
        ]);
        output.line(table(rows, null));
      }
      const ill = findings.filter(({ well }) => !well).map(({ check }) => check);
      if (ill.length > 0) throw new Failure(`not well: ${ill.join(', ')}`);
    });
