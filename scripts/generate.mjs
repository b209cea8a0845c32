// `npm run generate`: writes the files that are made from code. `npm run check` fails where they are not up to date.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inRoot } from './bootstrap/root.mjs';
import { GENERATED } from './generators/index.mjs';

for (const { file, write } of GENERATED) {
  await mkdir(dirname(inRoot(file)), { recursive: true });
  await write(inRoot(file));
  process.stderr.write(`roundhouse: wrote ${file}\n`);
}
