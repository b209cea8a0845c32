/** @typedef {import('./index.mjs').Check} Check */
/** @typedef {{ name: string, seconds: number, ok: boolean, output: string }} Row */

/**
 * The checks with the given names (all, where none is named), and the compiler first where one reads what it writes.
 *
 * @param {readonly Check[]} checks
 * @param {readonly string[]} names
 * @returns {Check[]}
 */
export function chosenChecks(checks, names) {
  const chosen = checks.filter(({ name }) => names.length === 0 || names.includes(name));
  const needsTypes = chosen.some(({ name, afterTypes }) => afterTypes || name === 'types');
  const types = needsTypes ? checks.filter(({ name }) => name === 'types') : [];
  return [...types, ...chosen.filter(({ name }) => name !== 'types')];
}

/**
 * Runs checks side by side, at most `most` at once. What reads the compiler's output starts when that is there; where
 * the compiler failed it runs all the same, on what there is.
 *
 * @param {readonly Check[]} checks types, where it is among them, first
 * @param {number} most
 * @param {(row: Row) => void} onRow called as each ends
 * @returns {Promise<Row[]>}
 */
export async function runChecks(checks, most, onRow) {
  /** @type {Row[]} */
  const rows = [];
  const waiting = [...checks];
  /** @type {Promise<void> | undefined} */
  let types;
  /** @param {Check} check */
  const runOne = async ({ name, afterTypes, run }) => {
    if (afterTypes) await types;
    const start = performance.now();
    const outcome = await run().catch((error) => ({ ok: false, output: String(error?.stack ?? error) }));
    const row = { name, seconds: (performance.now() - start) / 1000, ...outcome };
    rows.push(row);
    onRow(row);
  };
  const take = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const running = runOne(check);
      if (check.name === 'types') types = running;
      await running;
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, most) }, take));
  return rows;
}
