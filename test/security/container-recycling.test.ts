import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiClient } from '@roundhouse/contracts';
import {
  type EmbeddedService,
  type ScratchRepository,
  eventually,
  scratchRepository,
  startEmbeddedService,
} from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noEngine } from '../e2e/containers/engine.ts';
import { runProgram } from '../e2e/containers/run-program.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, containers that are used again: ${why}\n`);

/** Leaves its word in every place that it can write, with a process that nothing but SIGKILL ends; tells its token. */
const LEAVE = `
word=$1
for place in /sandbox "$HOME" "$HOME/.config/deep" /sandbox/worktree /tmp /tmp/deep/er /dev/shm /dev/mqueue; do
  mkdir -p "$place" 2>/dev/null
  echo "$word" >"$place/$word" 2>/dev/null || : >"$place/$word"
  echo "$word" >"$place/.$word" 2>/dev/null
done
git config user.email "$word"; git config --global core.pager "$word"; git stash list
mkfifo "/tmp/$word.pipe" "/sandbox/$word.pipe"
ln -s /etc "/tmp/$word.link"; ln -s / "/sandbox/$word.link"; ln -s /tmp /sandbox/elsewhere
mkdir -p "/tmp/$word.shut/in"; chmod 500 "/tmp/$word.shut"; chmod 700 "/tmp/$word.shut"
( cd /; env -i setsid bash -c 'trap "" TERM HUP INT; exec -a "$0" bash -c "while :; do sleep 1; done"' "$word" & )
(trap '' TERM HUP; LEFT=$word exec setsid sleep 600) &
echo "token $(grep -o 'rh_subtask_[0-9a-f]*_[A-Za-z0-9_-]*' "$ROUNDHOUSE_MCP_CONFIG" | head -n 1)"
echo all is left; exec sleep 600`;

/** Looks for a word, which reaches it in halves so that it is not found in the search itself. */
const SEARCH = `
look() {
  find / -xdev -name "*$1*" 2>/dev/null
  for place in /sandbox /sandbox/worktree /tmp /dev/shm /dev/mqueue /run /var/tmp; do
    find "$place" -xdev -name "*$1*" 2>/dev/null
    grep -rlF -D skip -e "$1" "$place" 2>/dev/null
  done
  for process in /proc/[0-9]*; do
    for file in environ cmdline; do
      if tr '\\0' '\\n' <"$process/$file" 2>/dev/null | grep -qF -f <(echo "$1"); then echo "$process/$file"; fi
    done
  done
}
echo "found: [$(look "$1$2")] [$(look "$3$4")]"
echo "beside: [$(ls -A /tmp /dev/shm /dev/mqueue | tr '\\n' ' ')] [$(ls -A /sandbox | tr '\\n' ' ')]"
echo "processes: $(cat /proc/[0-9]*/comm | sort -u | tr '\\n' ' ')"
echo "shared: $(cat /proc/sysvipc/* | wc -l)"
echo all is searched`;

let repository: ScratchRepository;
let service: EmbeddedService;

describe.skipIf(why !== null)('an attempt in a container that another has used', { timeout: 240_000 }, () => {
  beforeAll(async () => {
    repository = await scratchRepository();
    service = await startEmbeddedService({
      repository: repository.path,
      // One place: what is used next is what was used before.
      args: ['--sandbox', 'docker', '--warm', '1:1', '--slots', '1'],
      environment: { ROUNDHOUSE_RECYCLE: 'project' },
    });
  }, 240_000);
  afterAll(async () => {
    await service?.stop();
    await repository?.remove();
  });

  /** Runs a script as an agent until it has said a word; answers its container and all that it said. */
  async function run(client: ApiClient, script: string, until: string, ...words: string[]) {
    const argv = ['bash', '-c', script, 'agent', ...words];
    const agent = { kind: 'command' as const, argv, promptVia: 'file' as const };
    const { id } = await client.call('createTask', { name: 'a task', prompt: 'Go on.', agent });
    const text = await eventually(`the agent says ${until}`, 60_000, async () => {
      const said = (await client.call('readOutput', { id })).text;
      return said.includes(until) ? said : undefined;
    });
    const container = await eventually('the container has its name', 20_000, () => containerOf(`run-${id}-1`));
    return { id, text, container };
  }
  /** The same in a container that ran ahead. There is one place: who comes before one is ready takes that, and ends it. */
  async function inWarm(client: ApiClient, script: string, until: string, ...words: string[]) {
    for (const pauseMs of [4_000, 8_000, 16_000, 32_000]) {
      await delay(pauseMs);
      const ran = await run(client, script, until, ...words);
      const { out } = await docker('inspect', '--format', '{{.Config.Env}}', ran.container);
      if (out.includes('ROUNDHOUSE_SANDBOX=warm-')) return ran;
      await client.call('closeTask', { id: ran.id });
    }
    throw new Error('no attempt was given a container that ran ahead');
  }
  /** Another project with the same repository, and a coordinator for it. */
  async function addProject(): Promise<ApiClient> {
    const operator = service.operator();
    const project = await operator.call('createProject', { name: 'another' });
    const { pathname } = new URL(project.gitUrl);
    const basic = Buffer.from(`operator:${service.addresses.operatorToken}`).toString('base64');
    const header = `http.extraHeader=Authorization: Basic ${basic}`;
    await repository.git('-c', header, 'push', '--quiet', `${service.addresses.api}${pathname}`, 'main');
    const made = await operator.call('createCoordinator', { name: 'another', projectId: project.id });
    return new ApiClient({ baseUrl: service.addresses.api, token: made.token, coordinatorId: made.coordinator.id });
  }
  const isWarm = (container: string): Promise<string> =>
    eventually('its container is warm again', 60_000, async () => {
      const { out } = await docker('ps', '--no-trunc', '--filter', `id=${container}`, '--format', '{{.Names}}');
      return out.startsWith('warm-') ? out : undefined;
    });

  it('DS-29: is given a new one where it left what nobody can take away', async () => {
    const client = service.coordinator();
    const first = await inWarm(
      client,
      'perl -e "shmget(4711, 64, 01600) // die" && echo all is left; exec sleep 600',
      'all is left',
    );
    await client.call('closeTask', { id: first.id });
    const second = await run(client, `${SEARCH}; exec sleep 600`, 'all is searched', 'no', 'thing', 'at', 'all');
    expect(second.container).not.toBe(first.container);
    expect(second.text).toContain('shared: 3');
    await client.call('closeTask', { id: second.id });
  });

  it('DS-28: finds nothing of it: no file, no process, no message, no token; and another project never gets it', async () => {
    const client = service.coordinator();
    const word = `trace${randomUUID().slice(0, 8)}`;
    const first = await inWarm(client, LEAVE, 'all is left', word);
    const token = /token (rh_subtask_\S+)/.exec(first.text)?.[1] ?? '';
    expect(token).not.toBe('');
    const halves = [word, token].flatMap((secret) => [secret.slice(0, 9), secret.slice(9)]);
    // What is looked for later can be found now: by name, by content, in processes.
    const control = (await docker('exec', first.container, 'bash', '-c', SEARCH, 'search', ...halves)).out;
    for (const place of [`/tmp/deep/er/.${word}`, `/dev/mqueue/${word}`, '/cmdline', '/environ', 'roundhouse-mcp.json'])
      expect(control).toContain(place);
    await client.call('closeTask', { id: first.id });
    await isWarm(first.container);

    const second = await run(client, `${SEARCH}; exec sleep 600`, 'all is searched', ...halves);
    expect(second.container).toBe(first.container);
    expect(second.text).toContain('found: [] []');
    expect(second.text).toMatch(/beside: \[\/dev\/mqueue: +\/dev\/shm: +\/tmp: *\] \[home worktree *\]/);
    expect(second.text).toContain('shared: 3');
    expect(second.text).not.toMatch(/processes: .*sleep/);
    await client.call('closeTask', { id: second.id });
    await isWarm(first.container);

    const stranger = await addProject();
    const other = await run(stranger, `${SEARCH}; exec sleep 600`, 'all is searched', ...halves);
    expect(other.container).not.toBe(first.container);
    expect(other.text).toContain('found: [] []');
    await stranger.call('closeTask', { id: other.id });
  });
});

const docker = (...args: string[]) => runProgram('docker', args, { ms: 20_000 });

async function containerOf(name: string): Promise<string | undefined> {
  const { out } = await docker('ps', '--no-trunc', '--filter', `name=^/?${name}$`, '--format', '{{.ID}}');
  return out.trim() === '' ? undefined : out.trim();
}
