import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { ApiClient, type OutputOf, type OPERATIONS } from '@roundhouse/contracts';
import { type ScratchRepository, scratchRepository } from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ComposeStack, ROOT, docker } from './containers/compose-stack.ts';
import { composeCommands, noEngine } from './containers/engine.ts';
import { runProgram } from './containers/run-program.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, the compose file: ${why}\n`);

/** What `up` keeps running, in the order of who needs whom. */
const SERVICES = ['redis', 'coordinator', 'mcp-gateway', 'relay', 'launcher'] as const;
/** Building all images on a small machine, without a cache. */
const BUILD_MS = 900_000;
const SECRET = /rh_(?:operator|launcher|coordinator|runner|subtask)_/;

/** Connects from inside a container and says how that went: "connected" or the error's code. */
const CONNECT = `const s = require('node:net').connect(Number(process.argv[2]), process.argv[1]);
s.setTimeout(3000, () => { console.log('timeout'); process.exit(); });
s.on('connect', () => { console.log('connected'); process.exit(); });
s.on('error', (e) => { console.log(e.code); process.exit(); });`;

let stack: ComposeStack;
let repository: ScratchRepository;
let coordinator: ApiClient;

async function connectFrom(service: string, host: string, port: number): Promise<string> {
  const { Id } = await stack.container(service);
  return docker(['exec', Id, 'node', '-e', CONNECT, host, String(port)]);
}

/** An empty project with the scratch repository pushed to its hub, and a coordinator for it. */
async function addProject(): Promise<ApiClient> {
  const operator = await stack.operator();
  const project = await operator.call('createProject', { name: 'scratch' });
  const { pathname } = new URL(project.gitUrl);
  const header = `Authorization: Basic ${Buffer.from(`operator:${await stack.operatorToken()}`).toString('base64')}`;
  const args = ['push', '--quiet', `${stack.api}${pathname}`, 'main'];
  const environment = {
    ...process.env,
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: header,
  };
  const pushed = await runProgram('git', args, { cwd: repository.path, environment, ms: 60_000 });
  expect([pushed.code, pushed.said]).toEqual([0, '']);
  const made = await operator.call('createCoordinator', { name: 'e2e', projectId: project.id });
  return new ApiClient({ baseUrl: stack.api, token: made.token, coordinatorId: made.coordinator.id });
}

/** A service answers nobody while it is restarted, so a refused connection is asked again, for a minute at most. */
async function patient<T>(ask: () => Promise<T>): Promise<T> {
  const until = performance.now() + 60_000;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > until) throw error;
      await pause(250);
    }
  }
}

type Task = OutputOf<typeof OPERATIONS.getTask>;

async function taskWhere(id: string, what: string, holds: (task: Task) => boolean, ms = 90_000): Promise<Task> {
  const until = performance.now() + ms;
  for (;;) {
    const task = await patient(() => coordinator.call('getTask', { id }));
    if (holds(task)) return task;
    if (performance.now() > until) {
      throw new Error(`not ${what} in ${ms} ms: ${JSON.stringify(task)}\n${await stack.logs()}`);
    }
    // What is waited for outlives restarts of all that could tell it by an event.
    await pause(200);
  }
}

async function outputWith(id: string, text: string): Promise<void> {
  await patient(async () => {
    const output = await coordinator.call('readOutput', { id });
    if (!output.text.includes(text)) throw new Error(`no "${text}" in ${output.text}`);
  });
}

describe.skipIf(why !== null)('docker compose up', () => {
  beforeAll(async () => {
    repository = await scratchRepository();
    stack = await ComposeStack.make();
    // One alone first: side by side the classic builder would make the stage that all of them share once for each.
    for (const services of [['coordinator'], []]) {
      const build = ['--profile', 'cli', 'build', '--quiet', ...services];
      await stack.run(build, BUILD_MS).catch(() => stack.run(['build', ...services], BUILD_MS));
    }
    await stack.run(['up', '--detach'], 300_000);
  }, BUILD_MS + 300_000);

  afterAll(async () => {
    await stack?.destroy();
    await repository?.remove();
  }, 240_000);

  it('DP-1: the compose file is good for every compose that is there, and says the same to each', async () => {
    const commands = await composeCommands();
    expect(commands.length).toBeGreaterThan(0);
    for (const [program, ...first] of commands) {
      const args = [...first, '--profile', 'cli', 'config', '--services'];
      const { code, out, said } = await runProgram(program, args, { cwd: ROOT, ms: 60_000 });
      expect([code, said]).toEqual([0, expect.any(String)]);
      expect(out.split('\n').sort()).toEqual([...SERVICES, 'cli', 'sandbox', 'secrets'].sort());
    }
  });

  it('DP-2: everything comes up healthy, and what runs once ends well', async () => {
    for (const service of SERVICES) {
      const { State, RestartCount } = await patient(async () => {
        const found = await stack.container(service);
        if (found.State.Health?.Status !== 'healthy') throw new Error(`${service} is not healthy`);
        return found;
      });
      expect([service, State.Status, RestartCount]).toEqual([service, 'running', 0]);
    }
    for (const service of ['secrets', 'sandbox']) {
      expect((await stack.container(service)).State).toMatchObject({ Status: 'exited', ExitCode: 0 });
    }
    const health = await fetch(`${stack.api}/api/health`);
    expect(health.status).toBe(200);
    await health.body?.cancel();
  });

  it('DP-3: every service is hardened, holds no secret in its environment, and one alone has the Docker socket', async () => {
    for (const { Name, Config, HostConfig, Mounts } of await stack.containers()) {
      const service = Config.Labels['com.docker.compose.service'] ?? '';
      expect([Name, HostConfig.ReadonlyRootfs, HostConfig.CapDrop]).toEqual([Name, true, ['ALL']]);
      expect(HostConfig.SecurityOpt?.some((option) => option.startsWith('no-new-privileges'))).toBe(true);
      expect(HostConfig.Memory).toBeGreaterThan(0);
      expect(HostConfig.PidsLimit ?? 0).toBeGreaterThan(0);
      expect(HostConfig.LogConfig.Config).toMatchObject({ 'max-size': '10m', 'max-file': '3' });
      expect(Config.Env.join('\n')).not.toMatch(SECRET);
      const socket = Mounts.filter(({ Destination }) => Destination === '/var/run/docker.sock');
      expect([service, socket.length]).toEqual([service, service === 'launcher' ? 1 : 0]);
      const secrets = Mounts.filter(({ Destination }) => Destination.endsWith('/agent-secrets'));
      expect([service, secrets.length]).toEqual([service, service === 'launcher' ? 1 : 0]);
      expect(Config.Env.join('\n')).not.toContain(ComposeStack.AGENT_SECRET);
      const isRoot = Config.User === '' || Config.User === 'root' || Config.User === '0';
      if (isRoot) expect(['redis', 'launcher']).toContain(service);
      // The doors are the relay's alone to write; as the sandboxes' user (1000) it would share that right with them.
      if (service === 'relay') expect(Config.User).toBe('7402:7402');
    }
  });

  it('DP-4: redis is reached by coordinator and launcher, and by nothing at the edge; nothing but two ports is published', async () => {
    const redis = await stack.container('redis');
    const address = await docker([
      'inspect',
      '--format',
      '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
      redis.Id,
    ]);
    for (const service of ['coordinator', 'launcher'])
      expect([service, await connectFrom(service, 'redis', 6379)]).toEqual([service, 'connected']);
    for (const service of ['mcp-gateway', 'relay']) {
      expect(await connectFrom(service, 'coordinator', 7400)).toBe('connected');
      expect(await connectFrom(service, 'redis', 6379)).toMatch(/^(?:ENOTFOUND|EAI_AGAIN)$/);
      expect(await connectFrom(service, address, 6379)).not.toBe('connected');
    }
    const networks = await docker(['network', 'ls', '--filter', `name=${stack.project}`, '--format', '{{.Name}}']);
    expect(networks.split('\n').sort()).toEqual(
      ['control', 'edge', 'sandbox'].map((name) => `${stack.project}_${name}`),
    );
    const internal = await docker(['network', 'inspect', '--format', '{{.Internal}}', `${stack.project}_control`]);
    expect(internal).toBe('true');
    const ports = await docker([
      'ps',
      '--filter',
      `label=com.docker.compose.project=${stack.project}`,
      '--format',
      '{{.Ports}}',
    ]);
    const published = ports.split(/[\n,]/).filter((port) => port.includes('->'));
    expect(published.map((port) => port.trim().split(':')[0])).toEqual(['127.0.0.1', '127.0.0.1']);
  });

  it('DP-5: one documented command runs the demo in containers', async () => {
    const { code, said } = await stack.try(['run', '--rm', 'cli', 'demo'], 240_000);
    expect([code, code === 0 ? '' : `${said.slice(-6_000)}\n${await stack.logs()}`]).toEqual([0, '']);
    expect(said).toMatch(/conflict/i);
  }, 260_000);

  it('DP-6: a running task outlives the restart of every service, one after the other', async () => {
    coordinator = await addProject();
    // After each restart the agent is let go one step, and what it then prints has come all the way through.
    const steps = SERVICES.map((service) => `@wait-file /tmp/${service} 240000\n@print past ${service}`);
    const prompt = ['@write waited.txt done', ...steps, '@commit Wait', '@done Waited.'].join('\n');
    const { id } = await coordinator.call('createTask', { name: 'outlives', prompt });
    await taskWhere(
      id,
      'busy',
      ({ lifecycle, activity }) => lifecycle.state === 'running' && activity.state === 'busy',
    );
    const [sandbox] = await stack.containers('sandbox').then((all) => all.filter(({ Name }) => Name.includes(id)));
    if (sandbox === undefined) throw new Error('the task has no container of this project');
    expect(sandbox.HostConfig.NetworkMode).toBe('none');
    const { launchers } = await stack.operator().then((operator) => operator.call('listLaunchers', {}));
    // Mounts of the launcher's container reach the sandboxes, with the capabilities that it has and no more.
    const worktrees = process.getuid?.() === 0 ? 'overlay' : expect.stringMatching(/^(?:overlay|checkout)$/);
    expect(launchers).toMatchObject([{ sandboxes: 'docker', ready: true, worktrees }]);
    for (const service of SERVICES) {
      await stack.run(['restart', '--timeout', '20', service]);
      await docker(['exec', sandbox.Id, 'touch', `/tmp/${service}`]);
      await outputWith(id, `past ${service}`);
    }
    await taskWhere(id, 'signalled', ({ completion }) => completion.state === 'signalled');
    expect(await patient(() => coordinator.call('mergeTask', { id }))).toMatchObject({ outcome: 'landed' });
    expect((await taskWhere(id, 'landed', ({ landing }) => landing.state === 'landed')).attempt).toBe(1);
    expect(await coordinator.call('closeTask', { id })).toMatchObject({ outcome: 'closed', kept: [] });
  }, 360_000);

  it('DP-7, RA-25: down and up again keep all data, and an agent has what stands in the file of secrets', async () => {
    const [tasks, token] = [await coordinator.call('listTasks', {}), await stack.operatorToken()];
    expect(tasks.tasks.length).toBeGreaterThan(0);
    await stack.run(['down', '--timeout', '20'], 180_000);
    await expect(reach(stack.api)).rejects.toThrow();
    await stack.run(['up', '--detach'], 300_000);
    expect(await stack.operatorToken()).toBe(token);
    expect(await patient(() => coordinator.call('listTasks', {}))).toEqual(tasks);
    // The hub has what landed before: a new task begins there.
    const { id } = await coordinator.call('createTask', {
      name: 'after',
      prompt: '@run test -f waited.txt\n@run printenv PROVIDER_KEY\n@print it is there',
    });
    const idle = await coordinator.call('waitForIdle', { id, timeoutMs: 50_000 });
    expect(idle.outcome).toBe('idle');
    const { text } = await coordinator.call('readOutput', { id });
    expect(text).toContain('it is there');
    expect(text).toContain(ComposeStack.AGENT_SECRET);
    await coordinator.call('closeTask', { id });
  }, 420_000);

  it('DP-8: down with volumes leaves nothing behind', async () => {
    expect((await stack.leftovers()).length).toBeGreaterThan(0);
    await stack.destroy();
    expect(await stack.leftovers()).toEqual([]);
    const mounts = await runProgram('findmnt', ['--list', '--noheadings', '--output', 'TARGET'], { ms: 20_000 });
    expect(mounts.out.split('\n').filter((mount) => mount.startsWith(stack.slots))).toEqual([]);
    const loops = await runProgram('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'], { ms: 20_000 });
    expect(loops.out).not.toContain(stack.slots);
  }, 240_000);
});

async function reach(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = createConnection({ host: hostname, port: Number(port) });
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}
