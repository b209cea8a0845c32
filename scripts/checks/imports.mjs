import { runTool } from './tool.mjs';

/** With fewer modules read than this, the checker looked in the wrong place. */
const LEAST_MODULES = 50;

/**
 * Runs dependency-cruiser with the project's rules.
 *
 * @param {string} cwd a folder with `packages` and `services`
 * @param {string} config
 * @returns {Promise<{ modules: number, violations: { rule: string, from: string, to: string }[] } | string>} a string: it failed
 */
export async function cruise(cwd, config) {
  const { output } = await runTool('depcruise', ['--config', config, '--output-type', 'json', 'packages', 'services'], {
    cwd,
  });
  const start = output.indexOf('{');
  if (start < 0) return output;
  try {
    /** @type {{ summary: { totalCruised: number, violations: { rule: { name: string }, from: string, to: string }[] } }} */
    const { summary } = JSON.parse(output.slice(start));
    const violations = summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to }));
    return { modules: summary.totalCruised, violations };
  } catch {
    return output.slice(-4_000);
  }
}

/** The import rule of .dependency-cruiser.cjs holds, and it was read off enough modules to mean something. */
export async function checkImports() {
  const result = await cruise('.', '.dependency-cruiser.cjs');
  if (typeof result === 'string') return { ok: false, output: result };
  const faults = result.violations.map(({ rule, from, to }) => `${rule}: ${from} → ${to}`);
  if (result.modules < LEAST_MODULES) faults.push(`only ${result.modules} modules were read: the check sleeps`);
  return { ok: faults.length === 0, output: faults.join('\n') };
}
