import { expect, it } from 'vitest';
import { unreasonedDisablesIn } from './disable-reasons.mjs';
import { environmentReadsIn } from './process-env.mjs';
import { rawWritesIn } from './raw-writes.mjs';
import { syncCallsIn } from './sync-calls.mjs';

/** @param {string} text */
const file = (text) => ({ path: 'a.ts', text });

it('K-3: a raw write is found under another name, in a namespace and by the flags of open', () => {
  const text = `import { writeFile as put } from 'node:fs/promises';\nimport * as fs from 'node:fs';
put('a', 'b'); fs.promises.open('a', flags); fs.createWriteStream('a'); fs.open('a', 'r+', f);`;
  expect(rawWritesIn(file(text)).map(({ line, what }) => `${line} ${what}`)).toEqual([
    '3 writeFile',
    '3 open',
    '3 createWriteStream',
    '3 open',
  ]);
});

it('K-3: reading, and a method of another thing with the same name, is none', () => {
  const text = `import fs, { open, readFile } from 'node:fs/promises';
open('a'); open('a', 'r'); readFile('a'); store.writeFile('a'); writeFile('a'); fs.readFile('a');`;
  expect(rawWritesIn(file(text))).toEqual([]);
});

it('K-4: the environment is found in each way to reach it', () => {
  expect(environmentReadsIn(file("process.env; process['env'].A; const { env } = process;"))).toHaveLength(3);
  expect(environmentReadsIn(file('config.env; process.pid; const { env } = options; // process.env'))).toEqual([]);
});

it('K-4: handing the environment whole to config.ts is no reading of it', () => {
  const read = "import { readConfig } from './config.ts';\nreadConfig(argv, process.env);";
  expect(environmentReadsIn(file(read))).toEqual([]);
  expect(environmentReadsIn(file(`${read}\nreadConfig(process.env.HOME); other(process.env);`))).toHaveLength(2);
});

it('K-9: a synchronous file or process call is found', () => {
  const text =
    "import { spawnSync as go } from 'node:child_process';\nimport fs from 'fs';\ngo('git'); fs.statSync('a');";
  expect(syncCallsIn(file(text)).map(({ what }) => what)).toEqual(['spawnSync', 'statSync']);
  expect(syncCallsIn(file("import { readFile } from 'node:fs'; readFile('a'); db.getSync();"))).toEqual([]);
});

it('K-12: a rule that is switched off without a reason is found', () => {
  const [lint, types] = [['// oxlint', 'disable-next-line no-console'].join('-'), ['// @ts', 'expect-error'].join('-')];
  expect(unreasonedDisablesIn(file(`${lint}\n${types}\n`))).toHaveLength(2);
  expect(unreasonedDisablesIn(file(`${lint} -- its output is the point\n${types} the types lag behind\n`))).toEqual([]);
});
