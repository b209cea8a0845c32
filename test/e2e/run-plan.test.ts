import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  failOnLeaks,
  lineMatching,
  type ScratchRepository,
  scratchRepository,
  startEmbeddedService,
  type TemporaryFolder,
  temporaryFolder,
  within,
} from '@roundhouse/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const CLI = fileURLToPath(new URL('../../packages/cli/dist/bundle/main.js', import.meta.url));
const EXAMPLE = fileURLToPath(new URL('../../deploy/ci/plan.yaml', import.meta.url));
const RUN_MS = 100_000;
const CONTAINER_RUN_MS = 240_000;
const SOCKET = process.env['ROUNDHOUSE_DOCKER_SOCKET'] ?? '/var/run/docker.sock';

/** Why containers cannot be tried here, or null. In CI they must be. */
async function noEngine(): Promise<string | null> {
  if (process.env['CI'] !== undefined) return null;
  const asked = request({ socketPath: SOCKET, path: '/_ping', agent: false, timeout: 5_000 });
  asked.end();
  try {
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.resume();
    return answer.statusCode === 200 ? null : `the engine answers ${answer.statusCode ?? 'nothing'}`;
  } catch (error) {
    return `no Docker engine answers at ${SOCKET}: ${String(error)}`;
  }
}
const withoutEngine = await noEngine();
if (withoutEngine !== null) process.stderr.write(`skipped, runs in containers: ${withoutEngine}\n`);

/** The containers that have anything mounted of this test's folders. */
async function containersOf(path: string): Promise<string[]> {
  const asked = request({ socketPath: SOCKET, path: '/containers/json?all=true', agent: false });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  const rows = JSON.parse(await text(answer)) as { Names: string[]; Mounts: { Source?: string }[] }[];
  return rows
    .filter(({ Mounts }) => Mounts.some(({ Source }) => Source?.startsWith(path) === true))
    .flatMap(({ Names }) => Names);
}
const mountsBelow = async (path: string): Promise<string[]> =>
  (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(path));

failOnLeaks();

let repository: ScratchRepository;
let folder: TemporaryFolder;
const started: ChildProcess[] = [];
beforeEach(async () => {
  repository = await scratchRepository({ 'README.md': '# App\n', '.gitignore': '/tmp/\n' });
  folder = await temporaryFolder();
});
afterEach(async () => {
  // A test that failed must not leave a run behind: SIGTERM ends one with all that it started.
  const running = started.splice(0).filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  await Promise.all(running.map((child) => (child.kill('SIGTERM'), once(child, 'exit'))));
  await repository.remove();
  await folder.remove();
});

interface Task {
  readonly name: string;
  readonly outcome: string;
  readonly kind: string | null;
  readonly reason: string | null;
  readonly taskId: string | null;
  readonly output: string;
}
interface Report {
  readonly outcome: string;
  readonly reason: string | null;
  readonly result: { readonly target: string; readonly commit: string | null; readonly branch: string | null };
  readonly tasks: readonly Task[];
  readonly checks: readonly { readonly name: string; readonly outcome: string; readonly output: string }[];
}

function start(plan: string, ...given: (string | Record<string, string>)[]): ChildProcess {
  const args = given.filter((one) => typeof one === 'string');
  const more = given.filter((one) => typeof one !== 'string');
  const { ROUNDHOUSE_URL: _url, ROUNDHOUSE_TOKEN: _token, ...environment } = process.env;
  const reports = ['--junit', join(folder.path, 'out.xml'), '--json', join(folder.path, 'out.json')];
  const child = spawn(process.execPath, [CLI, 'run', '--plan', plan, ...reports, ...args], {
    cwd: folder.path,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: Object.assign({ ...environment, TMPDIR: folder.path }, ...more),
  });
  started.push(child);
  return child;
}

async function finish(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  if (child.stdout === null || child.stderr === null) throw new Error('no output');
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const [out, error, [code]] = await within(RUN_MS, 'the end of the run', ended);
  return { code: code as number | null, said: `${out}${error}` };
}

/** Writes a plan beside the repository, runs it, and answers all that it left. */
async function run(plan: string, ...args: string[]): Promise<{ code: number | null; said: string; report: Report }> {
  const file = join(folder.path, 'plan.yaml');
  await writeFile(file, `version: 1\nname: test\nrepository: ${repository.path}\n${plan}`);
  const ended = await finish(start(file, ...args));
  const made = await report().catch(() => Promise.reject(new Error(`no report: ${ended.said}`)));
  return { ...ended, report: made };
}
const report = async (): Promise<Report> => JSON.parse(await readFile(join(folder.path, 'out.json'), 'utf8')) as Report;
const outcomes = ({ tasks }: Report) => tasks.map(({ name, outcome, kind }) => [name, outcome, kind]);

describe('roundhouse run', () => {
  it('RP-1, RP-2, RP-12: the example for pipelines runs to its end, and its result comes back as a branch', async () => {
    await repository.commit('add the plan', { 'ci/plan.yaml': await readFile(EXAMPLE, 'utf8') });
    await repository.write({ 'README.md': 'dirt of the user\n', 'stray.txt': 'stray\n' });
    const look = () =>
      Promise.all(['status --porcelain', 'rev-parse HEAD'].map((args) => repository.git(...args.split(' '))));
    const before = await look();
    const head = await repository.git('rev-parse', 'HEAD');
    const { code, said } = await finish(start(join(repository.path, 'ci/plan.yaml'), '--result-branch'));
    expect(code, said).toBe(0);

    const made = await report();
    expect(made).toMatchObject({ outcome: 'passed', reason: null, base: head });
    expect(made.result.branch).toBe('roundhouse/ci-example');
    expect(outcomes(made)).toEqual([
      ['glossary', 'passed', null],
      ['checklist', 'passed', null],
      ['index', 'passed', null],
      ['word count', 'passed', null],
    ]);
    expect(await repository.git('rev-parse', 'roundhouse/ci-example')).toBe(made.result.commit);
    expect(await repository.git('diff', '--name-only', `${head}..roundhouse/ci-example`)).toBe(
      'roundhouse-example/checklist.md\nroundhouse-example/glossary.md\nroundhouse-example/index.md',
    );
    expect(await look()).toEqual(before);
    // A log, not a picture: no cursor is moved, no colour where no terminal is.
    expect(said).not.toContain('\u001b');
    expect(said).toMatch(/^ +\d+\.\d s {2}index +landed as [0-9a-f]{8}$/m);
    const xml = await readFile(join(folder.path, 'out.xml'), 'utf8');
    expect(xml).toMatch(
      /<testsuites name="ci-example" tests="6" failures="0" errors="0" skipped="0" time="\d+\.\d{3}">/,
    );
    // Nothing but the reports: no data, no clone.
    expect((await readdir(folder.path)).toSorted()).toEqual(['out.json', 'out.xml']);
  });

  it('RP-3, RP-4: a task starts when what it needs has landed; a failed one fails the run and skips its dependants', async () => {
    const { code, report, said } = await run(`
tasks:
  - { name: one, prompt: "@write one.txt one\\n@commit One\\n@done" }
  - { name: two, needs: [one], prompt: "@run cat one.txt\\n@write two.txt two\\n@commit Two\\n@done" }
  - { name: fails, agent: { kind: command, argv: [sh, -c, "echo oh no; exit 3"] }, prompt: x }
  - { name: silent, agent: { kind: command, argv: ["true"] }, prompt: x }
  - { name: after, needs: [fails], prompt: x }
  - { name: long after, needs: [after], prompt: x }
checks:
  - { name: check, command: ["true"] }
`);
    expect(code, said).toBe(1);
    expect(outcomes(report)).toEqual([
      ['one', 'passed', null],
      ['two', 'passed', null],
      ['fails', 'failed', 'exited'],
      ['silent', 'failed', 'exited'],
      ['after', 'skipped', 'skipped'],
      ['long after', 'skipped', 'skipped'],
    ]);
    expect(report.tasks[2]).toMatchObject({ output: expect.stringContaining('oh no') as string });
    expect(report.checks).toMatchObject([{ outcome: 'skipped' }]);
    expect(await readFile(join(folder.path, 'out.xml'), 'utf8')).toContain(
      '<failure message="the agent exited with code 3',
    );
  });

  it('RP-5: a conflict fails the task, or is told to it once where the plan says what to say', async () => {
    const same = (word: string, more = '') =>
      `{ prompt: "@write same.txt ${word}\\n@commit ${word}\\n@sleep 500\\n@done"${more}`;
    const mend =
      '@run git fetch --quiet origin\\n@try git merge --quiet origin/main\\n@write same.txt both\\n@commit Both\\n@done';
    const { code, report, said } = await run(
      `concurrency: 3
tasks:
  - ${same('one', ', name: one }')}
  - ${same('two', `, name: two, conflictPrompt: "${mend}" }`)}
  - ${same('three', ', name: three }')}
checks:
  - { name: merged, command: [grep, -q, both, same.txt] }
`,
      '--result-branch',
      'result',
    );
    expect(code, said).toBe(1);
    const failed = report.tasks.filter(({ outcome }) => outcome === 'failed');
    // Who lands first is a race; who loses without an answer to it fails, and at least one does.
    expect(failed.length, said).toBeGreaterThan(0);
    expect(failed.map(({ kind }) => kind)).toEqual(failed.map(() => 'conflicted'));
    expect(failed[0]?.reason).toMatch(/conflicts with main in same\.txt/);
    expect(report.tasks.find(({ name }) => name === 'two')?.outcome).toBe('passed');
    expect(await repository.git('rev-parse', 'result')).toBe(report.result.commit);
  });

  it('RP-6: an agent that sits there without a signal is stuck, not done', async () => {
    const { code, report, said } = await run(`
idleSeconds: 2
tasks:
  - { name: idle, prompt: "@write a.txt a\\n@commit A\\n@print that was all" }
  - { name: asks, prompt: "@ask Really? | yes | no" }
`);
    expect(code, said).toBe(1);
    expect(outcomes(report)).toEqual([
      ['idle', 'failed', 'stuck'],
      ['asks', 'failed', 'stuck'],
    ]);
    expect(report.tasks[1]?.reason).toContain('Really?');
  });

  it('RP-7: a task that runs for longer than it may ends as timeout', async () => {
    const { code, report, said } = await run(`
tasks:
  - { name: sleeps, timeoutSeconds: 5, prompt: "@sleep 600000" }
`);
    expect(code, said).toBe(1);
    expect(outcomes(report)).toEqual([['sleeps', 'failed', 'timeout']]);
  });

  it('RP-8: checks run in a fresh clone, and one that fails fails the run', async () => {
    const { code, report, said } = await run(`
tasks:
  - { name: one, prompt: "@write one.txt one\\n@commit One\\n@done" }
checks:
  - { name: sees it, command: [cat, one.txt] }
  - { name: fails, command: [sh, -c, "echo so not; exit 7"] }
  - { name: still runs, command: [git, log, "-1", "--format=%s"] }
  - { name: hangs, command: [sleep, "600"], timeoutSeconds: 1 }
`);
    expect(code, said).toBe(1);
    expect(report.checks.map(({ name, outcome, output }) => [name, outcome, output.trim()])).toEqual([
      ['sees it', 'passed', 'one'],
      ['fails', 'failed', 'so not'],
      ['still runs', 'passed', expect.any(String)],
      ['hangs', 'failed', ''],
    ]);
    expect(said).toContain('| so not');
  });

  it('RP-9: Ctrl-C ends everything, and reports what was', async () => {
    const file = join(folder.path, 'plan.yaml');
    await writeFile(
      file,
      `version: 1\nrepository: ${repository.path}\ntasks:
  - { name: one, prompt: "@write one.txt one\\n@commit One\\n@done" }
  - { name: sleeps, needs: [one], prompt: "@ignore TERM HUP INT\\n@orphan 600000\\n@sleep 600000" }
  - { name: later, needs: [sleeps], prompt: x }\n`,
    );
    const child = start(file);
    if (child.stdout === null) throw new Error('no output');
    const ended = finish(child);
    await lineMatching(child.stdout, /sleeps +created/, RUN_MS);
    child.kill('SIGINT');
    const { code, said } = await ended;
    expect(code, said).toBe(3);
    const made = await report();
    expect(made).toMatchObject({ outcome: 'stopped', reason: expect.stringContaining('SIGINT') as string });
    expect(outcomes(made)).toEqual([
      ['one', 'passed', null],
      ['sleeps', 'failed', 'interrupted'],
      ['later', 'failed', 'interrupted'],
    ]);
    expect((await readdir(folder.path)).toSorted()).toEqual(['out.json', 'out.xml', 'plan.yaml']);
  });

  it('RP-10: a run on a service that runs already leaves that service with nothing open, and no token', async () => {
    const service = await startEmbeddedService({ repository: repository.path });
    try {
      const tokenFile = join(service.data, 'secrets', 'operator-token');
      const plan = `
tasks:
  - { name: one, prompt: "@write one.txt one\\n@commit One\\n@done" }
  - { name: sleeps, agent: { kind: command, argv: [sh, -c, "exit 1"] }, prompt: x }
`;
      const connect = ['--connect', service.addresses.api, '--token-file', tokenFile, '--result-branch', 'result'];
      const first = await run(plan, ...connect);
      expect(first.code, first.said).toBe(1);
      expect(first.report.result.target).toMatch(/^roundhouse\/test-[0-9a-f]{8}$/);
      expect(await repository.git('rev-parse', 'result')).toBe(first.report.result.commit);
      // Again: the same project, a branch of its own, and the result branch is not forced.
      const second = await run(plan, ...connect);
      expect(second.code, second.said).toBe(3);
      expect(second.report.reason).toMatch(/the branch result was not written: .*non-fast-forward/s);

      const operator = service.operator();
      const { projects } = await operator.call('listProjects', {});
      expect(projects.filter(({ name }) => name === 'test')).toHaveLength(1);
      for (const { taskId } of first.report.tasks) {
        expect(await operator.call('getTask', { id: taskId ?? '' })).toMatchObject({ lifecycle: { state: 'closed' } });
      }
      const { tokens } = await operator.call('listTokens', {});
      const ofRuns = tokens.filter(
        ({ identity }) =>
          identity.role === 'coordinator' && identity.coordinatorId !== service.addresses.coordinator.id,
      );
      expect(ofRuns).toHaveLength(2);
      expect(ofRuns.every(({ revokedAt }) => revokedAt !== null)).toBe(true);
    } finally {
      await service.stop();
    }
  });

  it('RP-17: a run goes on where the service that it uses dies and comes back', async () => {
    const service = await startEmbeddedService({ repository: repository.path });
    try {
      const file = join(folder.path, 'plan.yaml');
      const prompt = (name: string) => `"@sleep 3000\\n@write ${name}.txt x\\n@commit ${name}\\n@done"`;
      await writeFile(
        file,
        `version: 1\nrepository: ${repository.path}\ntasks:
  - { name: one, prompt: ${prompt('one')} }
  - { name: two, needs: [one], prompt: ${prompt('two')} }\n`,
      );
      const tokenFile = join(service.data, 'secrets', 'operator-token');
      const child = start(file, '--connect', service.addresses.api, '--token-file', tokenFile);
      if (child.stdout === null) throw new Error('no output');
      const ended = finish(child);
      await lineMatching(child.stdout, /one +created/, RUN_MS);
      await service.killAndAwaitRestart('coordinator');
      const { code, said } = await ended;
      expect(code, said).toBe(0);
      expect(outcomes(await report())).toEqual([
        ['one', 'passed', null],
        ['two', 'passed', null],
      ]);
    } finally {
      await service.stop();
    }
  });

  it('RP-11: a shallow checkout on no branch, as pipelines have it, is enough', async () => {
    await repository.commit('second', { 'two.txt': 'two\n' });
    const clone = join(folder.path, 'clone');
    await repository.git('clone', '--quiet', '--depth', '1', `file://${repository.path}`, clone);
    const inClone = (...args: string[]) => repository.git('-C', clone, ...args);
    await inClone('checkout', '--quiet', '--detach');
    await inClone('branch', '--quiet', '--delete', '--force', 'main');
    const file = join(folder.path, 'plan.yaml');
    await writeFile(
      file,
      `version: 1\nrepository: clone\ntasks:\n  - { name: one, prompt: "@write one.txt one\\n@commit One\\n@done" }\n`,
    );
    const { code, said } = await finish(start(file, '--result-branch', 'result'));
    expect(code, said).toBe(0);
    expect(await inClone('log', '--format=%s', 'result')).toContain('One');
    expect(await inClone('rev-parse', 'result')).toBe((await report()).result.commit);
  });

  it('RP-13: what cannot be run is exit code 3, a wrong plan 2, without a stack', async () => {
    const file = join(folder.path, 'plan.yaml');
    await writeFile(
      file,
      `version: 1\nrepository: ${repository.path}\ntasks:\n  - { name: a, prompt: x, needs: [b] }\n`,
    );
    const wrong = await finish(start(file));
    expect([wrong.code, wrong.said]).toEqual([
      2,
      expect.stringContaining('plan.yaml:4:35: tasks[0].needs[0]: there is no task "b"'),
    ]);
    await writeFile(file, `version: 1\nrepository: ${repository.path}\ntasks:\n  - { name: a, prompt: x }\n`);
    const away = await finish(start(file, '--connect', 'http://127.0.0.1:9', '--token-file', '/nonexistent'));
    expect(away.code, away.said).toBe(3);
    expect(`${wrong.said}${away.said}`).not.toMatch(/^\s+at /m);
  });

  const CONTAINERS = `
sandbox: docker
tasks:
  - { name: where, prompt: "@run cat /proc/1/comm\\n@run ls /sys/class/net\\n@write a.txt a\\n@commit A\\n@done" }
  - { name: sleeps, needs: [where], limits: { memoryMb: 256 }, prompt: "@ignore TERM HUP INT\\n@orphan 600000\\n@sleep 600000" }
`;

  it.skipIf(withoutEngine !== null)(
    'RP-14: agents run in containers without a network, and a second Ctrl-C leaves neither container nor mount',
    async () => {
      const file = join(folder.path, 'plan.yaml');
      await writeFile(file, `version: 1\nrepository: ${repository.path}\n${CONTAINERS}`);
      const child = start(file, '--warm', '1:1');
      if (child.stdout === null) throw new Error('no output');
      const ended = finish(child);
      await lineMatching(child.stdout, /sleeps +created/, CONTAINER_RUN_MS);
      expect(await containersOf(folder.path)).not.toEqual([]);
      child.kill('SIGINT');
      await pause(1_000); // Sooner it would count as the same Ctrl-C.
      child.kill('SIGINT');
      const { code, said } = await ended;
      expect(code, said).toBe(3);
      const made = await report();
      expect(made).toMatchObject({ outcome: 'stopped', sandbox: 'docker' });
      expect(outcomes(made)).toEqual([
        ['where', 'passed', null],
        ['sleeps', 'failed', 'interrupted'],
      ]);
      // PID 1 is the engine's init, and the one interface is the loopback.
      expect(made.tasks[0]?.output).toMatch(/(?:docker-init|tini)[\s\S]*\blo\b/);
      expect(made.tasks[0]?.output).not.toMatch(/\beth/);
      expect(await containersOf(folder.path)).toEqual([]);
      expect(await mountsBelow(folder.path)).toEqual([]);
      expect((await readdir(folder.path)).toSorted()).toEqual(['out.json', 'out.xml', 'plan.yaml']);
    },
    2 * CONTAINER_RUN_MS,
  );

  it.skipIf(withoutEngine !== null)('RP-14: no engine is said with what to do about it', async () => {
    const file = join(folder.path, 'plan.yaml');
    await writeFile(file, `version: 1\nrepository: ${repository.path}\n${CONTAINERS}`);
    const nowhere = join(folder.path, 'no.sock');
    const { code, said } = await finish(start(file, { ROUNDHOUSE_DOCKER_SOCKET: nowhere }));
    expect(code, said).toBe(3);
    expect(said).toContain(`no Docker engine answers at ${nowhere}`);
    expect(said).toContain('--sandbox process');
  });
});
