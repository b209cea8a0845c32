import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  type Assignment,
  CoordinatorMessage,
  type Desired,
  LINK_PROTOCOL,
  type RunnerEvent,
  type RunnerMessage,
} from '@roundhouse/contracts';
import { gitEnvironment, temporaryFolder, within } from '@roundhouse/testkit';
import { WebSocket } from 'ws';
import type { StartedCoordinator } from './started-coordinator.ts';

const run = promisify(execFile);

/**
 * A runner as the test plays it, over a real link and with real pushes: for what happens between the coordinator and a
 * runner at chosen moments. The real runner has its own tests, and both meet in the end-to-end tests.
 */
export class PlayedRunner {
  readonly assignment: Assignment;
  readonly token: string;
  readonly #url: string;
  #socket: WebSocket;
  readonly #messages: CoordinatorMessage[];
  readonly #listeners: Set<() => void>;
  #seq = 0;

  private constructor(url: string, token: string, { socket, messages, listeners }: Dialled, assignment: Assignment) {
    this.#url = url;
    this.token = token;
    this.#socket = socket;
    this.#messages = messages;
    this.#listeners = listeners;
    this.assignment = assignment;
  }

  /** Claims the attempt, and takes its assignment, as a launcher does; dials the link as its runner. */
  static async start(service: StartedCoordinator, taskId: string, attempt = 1): Promise<PlayedRunner> {
    const { runnerToken, assignment } = await service.launcher.call('claimAttempt', { taskId, attempt });
    const dialled = await dial(service.url, runnerToken, { messages: [], listeners: new Set() });
    return new PlayedRunner(service.url, runnerToken, dialled, assignment);
  }

  /** Dials again, as a runner does whose link was cut. */
  async dialAgain(): Promise<void> {
    this.#messages.length = 0;
    const heard = { messages: this.#messages, listeners: this.#listeners };
    this.#socket = (await dial(this.#url, this.token, heard)).socket;
  }

  send(message: RunnerMessage): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** Reports an event and waits until it is committed. */
  async report(event: RunnerEvent): Promise<void> {
    this.#seq += 1;
    const seq = this.#seq;
    this.send({ type: 'event', seq, event });
    await this.until('an acknowledgement', () =>
      this.#messages.some((message) => message.type === 'ack' && message.eventSeq >= seq),
    );
  }

  /** Waits until the coordinator wants something of a kind, and answers it. */
  async desired(what: string, wanted: (desired: Desired) => boolean): Promise<Desired> {
    const last = (): Desired | undefined => this.#messages.findLast((message) => 'desired' in message)?.desired;
    await this.until(what, () => {
      const desired = last();
      return desired !== undefined && wanted(desired);
    });
    return last() as Desired;
  }

  /** Takes all prompts that are wanted, as an agent that works at once does. */
  async acceptPrompts(): Promise<void> {
    const { prompts } = await this.desired('a prompt', (desired) => desired.prompts.length > 0);
    for (const { id } of prompts) {
      await this.report({ type: 'prompt', promptId: id, state: 'written' });
      await this.report({ type: 'prompt', promptId: id, state: 'accepted' });
    }
  }

  /** Makes a commit with the given file on top of the base and pushes it to a ref. Answers the commit. */
  async push(
    file: string,
    content: string,
    ref = `refs/heads/${this.assignment.branch}`,
    token = this.token,
  ): Promise<string> {
    const folder = await temporaryFolder();
    const env = {
      ...gitEnvironment(),
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'http.extraHeader',
      GIT_CONFIG_VALUE_0: `Authorization: Bearer ${token}`,
    };
    const git = async (...args: string[]): Promise<string> =>
      (await run('git', args, { cwd: folder.path, env })).stdout.trim();
    try {
      await git('clone', '--quiet', this.gitUrl, '.');
      await git('checkout', '--quiet', '--detach', this.assignment.baseCommit);
      await run('sh', [
        '-c',
        'mkdir -p "$(dirname "$1")" && printf %s "$2" > "$1"',
        'sh',
        join(folder.path, file),
        content,
      ]);
      await git('add', '--all');
      await git('commit', '--quiet', '--message', `change ${file}`);
      await git('push', '--quiet', '--force', 'origin', `HEAD:${ref}`);
      return await git('rev-parse', 'HEAD');
    } finally {
      await folder.remove();
    }
  }

  get gitUrl(): string {
    return `${this.#url}/git/${this.assignment.projectId}.git`;
  }

  /** Answers a signal_done that is under way with a pushed commit. */
  async publish(commit: string, dirty: string[] = []): Promise<void> {
    const { publish } = await this.desired('a publish', (desired) => desired.publish !== null);
    if (publish !== null) await this.report({ type: 'published', publishId: publish.id, commit, dirty, untracked: [] });
  }

  async hangUp(): Promise<void> {
    if (this.#socket.readyState === this.#socket.CLOSED) return;
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  async closed(): Promise<number> {
    const [code] = (await within(20_000, 'the end of the link', once(this.#socket, 'close'))) as [number];
    return code;
  }

  async until(what: string, met: () => boolean): Promise<void> {
    await within(10_000, what, waitFor(this.#listeners, met));
  }
}

interface Heard {
  readonly messages: CoordinatorMessage[];
  readonly listeners: Set<() => void>;
}
type Dialled = Heard & { readonly socket: WebSocket };

/** Opens a link and waits for the welcome. */
async function dial(url: string, token: string, heard: Heard): Promise<Dialled> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/link`, LINK_PROTOCOL, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { messages, listeners } = heard;
  socket.on('message', (data: Buffer) => {
    messages.push(CoordinatorMessage.parse(JSON.parse(data.toString())));
    for (const listener of listeners) listener();
  });
  await once(socket, 'open');
  const welcomed = (): boolean => messages.some(({ type }) => type === 'welcome');
  await within(20_000, 'the welcome', waitFor(listeners, welcomed));
  return { ...heard, socket };
}

function waitFor(listeners: Set<() => void>, met: () => boolean): Promise<void> {
  if (met()) return Promise.resolve();
  return new Promise((resolve) => {
    const listener = (): void => {
      if (!met()) return;
      listeners.delete(listener);
      resolve();
    };
    listeners.add(listener);
  });
}
