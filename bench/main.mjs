import { parseArgs } from 'node:util';
import { dispatch } from './dispatch/dispatch.mjs';
import { scale } from './scale/scale.mjs';
import { waits } from './waits/waits.mjs';

/**
 * `npm run bench -- <name> [--runs N]`: measures, prints progress on standard error and one JSON document on standard
 * output. Figures are medians, and ratios to floors that were taken in the same run: a machine's own speed is in both.
 *
 * @type {Readonly<Record<string, (options: { runs: number }) => Promise<object>>>}
 */
const BENCHES = { dispatch, scale, waits };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '15' }, help: { type: 'boolean', short: 'h', default: false } },
});
const [name] = positionals;
const bench = name === undefined ? undefined : BENCHES[name];
const runs = Number(values.runs);
if (values.help || bench === undefined || !Number.isInteger(runs) || runs < 3 || runs > 200) {
  process.stderr.write(
    `usage: npm run bench -- <name> [--runs N]   (3 to 200 runs, 15 by default)\n\nnames: ${Object.keys(BENCHES).join(', ')}\n`,
  );
  process.exit(values.help ? 0 : 2);
}
const startedAt = new Date();
const figures = await bench({ runs });
process.stdout.write(`${JSON.stringify({ bench: name, startedAt, runs, ...figures }, null, 2)}\n`);
