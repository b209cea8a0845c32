import { readFile } from 'node:fs/promises';
import { inRoot } from './root.mjs';

/** The folders that tsconfig.json refers to, such as "packages/cli". @returns {Promise<string[]>} */
export async function projects() {
  /** @type {{ references: { path: string }[] }} */
  const config = JSON.parse(await readFile(inRoot('tsconfig.json'), 'utf8'));
  return config.references.map(({ path }) => path);
}
