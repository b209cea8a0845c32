import { access, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runCommand } from '../commands/run.ts';
import { readConfig } from '../config.ts';
import { terminalOutput } from '../output.ts';
import { readPlan } from './read-plan.ts';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const EXAMPLES = `${ROOT}deploy/ci/`;
const load = async (name: string): Promise<unknown> => parse(await readFile(`${EXAMPLES}${name}`, 'utf8'));

interface GitHub {
  readonly jobs: Record<string, { readonly steps: readonly { readonly run?: string; readonly uses?: string }[] }>;
}
interface GitLab {
  readonly roundhouse: {
    readonly script: readonly string[];
    readonly artifacts: { readonly reports: { readonly junit: string } };
  };
}

/** The words of "node …/scripts/roundhouse.mjs run …", taken by the command itself. */
function takeRun(line: string): Record<string, unknown> {
  const [program, script = '', ...args] = line.match(/"[^"]*"|\S+/g) ?? [];
  expect([program, script.replace(/^(?:\.\.\/)?roundhouse\//, '')]).toEqual(['node', 'scripts/roundhouse.mjs']);
  const context = { config: readConfig({}, false), output: terminalOutput(false), cwd: EXAMPLES };
  const command = runCommand(context);
  command.exitOverride().configureOutput({ writeErr: (words) => expect.fail(words) });
  // What it would do is not to be done here: the words are taken as they are, misspelt ones are refused.
  command.action(() => undefined);
  new Command().addCommand(command).parse(args, { from: 'user' });
  return command.opts();
}

describe('deploy/ci', () => {
  it('RP-12: the plan is a plan', async () => {
    const plan = await readPlan(`${EXAMPLES}plan.yaml`);
    expect([plan.tasks.length, plan.checks.length]).toEqual([4, 2]);
  });

  it('RP-12: the GitHub workflow runs a command that there is, and keeps its reports', async () => {
    const { jobs } = (await load('github-actions.yml')) as GitHub;
    const steps = jobs['plan']?.steps ?? [];
    const runs = steps.flatMap(({ run }) => (run?.startsWith('node ') === true ? [run.trim()] : []));
    expect(runs).toHaveLength(1);
    expect(takeRun(runs[0] ?? '')).toMatchObject({
      plan: '"$PLAN"',
      junit: 'reports/junit.xml',
      json: 'reports/run.json',
    });
    expect(steps.some(({ uses }) => uses?.startsWith('actions/upload-artifact@') === true)).toBe(true);
    await access(`${ROOT}scripts/roundhouse.mjs`);
  });

  it('RP-12: the GitLab job runs a command that there is, and shows its report', async () => {
    const { roundhouse } = (await load('gitlab-ci.yml')) as GitLab;
    expect(roundhouse.script).toHaveLength(1);
    const { junit } = takeRun(roundhouse.script[0] ?? '');
    expect(junit).toBe(roundhouse.artifacts.reports.junit);
  });
});
