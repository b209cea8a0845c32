// `npm run check [name …]`: all static checks side by side, a table, then what the failed ones said.
import { availableParallelism } from 'node:os';
import { chosenChecks, runChecks } from './checks/run-checks.mjs';
import { CHECKS } from './checks/index.mjs';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !CHECKS.some((check) => check.name === name));
if (unknown.length > 0) {
  const names = CHECKS.map(({ name }) => name).join(', ');
  process.stderr.write(`no such check: ${unknown.join(', ')}; there are: ${names}\n`);
  process.exit(2);
}

const rows = await runChecks(chosenChecks(CHECKS, wanted), availableParallelism(), ({ name, seconds, ok }) => {
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'}  ${name.padEnd(16)} ${seconds.toFixed(1).padStart(5)} s\n`);
});
const failed = rows.filter(({ ok }) => !ok);
for (const { name, output } of failed) process.stdout.write(`\n── ${name}\n${output.trimEnd()}\n`);
const sum = failed.length === 0 ? `all ${rows.length} checks pass` : `${failed.length} of ${rows.length} checks fail`;
process.stdout.write(`\n${sum}\n`);
process.exitCode = failed.length === 0 ? 0 : 1;
