import { readFile } from 'node:fs/promises';

/**
 * Something that a rule forbids, found at a place. `what` names it, e.g. "createWriteStream".
 *
 * @typedef {{ path: string, line: number, what: string }} Finding
 * @typedef {{ path: string, what: string, count: number, reason: string }} Allowance
 */

/** @param {'raw-writes' | 'process-env' | 'sync-calls'} rule @returns {Promise<Allowance[]>} */
export async function allowancesOf(rule) {
  const text = await readFile(new URL('./allow-list.json', import.meta.url), 'utf8');
  return /** @type {Record<string, Allowance[]>} */ (JSON.parse(text))[rule] ?? [];
}

/**
 * Holds findings against allowances. An allowance is exact: more is a fault, and less means that the list must shrink.
 *
 * @param {readonly Finding[]} findings
 * @param {readonly Allowance[]} allowances
 * @returns {string[]} faults, one line each
 */
export function faultsOf(findings, allowances) {
  /** @type {string[]} */
  const faults = [];
  for (const { path, what, count, reason } of allowances) {
    const found = findings.filter((finding) => finding.path === path && finding.what === what).length;
    if (reason.trim().length < 10) faults.push(`${path}: the allowance for ${what} gives no reason`);
    if (found < count)
      faults.push(`${path}: ${count} × ${what} allowed, ${found} found: shrink scripts/checks/allow-list.json`);
  }
  for (const { path, line, what } of findings) {
    const same = findings.filter((finding) => finding.path === path && finding.what === what).length;
    const allowed = allowances.find((allowance) => allowance.path === path && allowance.what === what)?.count ?? 0;
    if (same > allowed) faults.push(`${path}:${line}: ${what}`);
  }
  return faults;
}
