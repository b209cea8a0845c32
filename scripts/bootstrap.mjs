// What `npm start`, `npm run demo`, `npm test`, `npm run check` and `npm run generate` call. Plain Node, no
// dependency: it is what installs them. All that it says goes to standard error; standard output is the target's.
import { bootstrap } from './bootstrap/prepare.mjs';
import { TARGETS } from './bootstrap/targets.mjs';

const [name = '', ...args] = process.argv.slice(2);
const target = TARGETS[name];
if (target === undefined) {
  process.stderr.write(`roundhouse: no target "${name}"; there are: ${Object.keys(TARGETS).join(', ')}\n`);
  process.exit(2);
}
if (await bootstrap({ quiet: false, build: target.build })) await target.run(args);
