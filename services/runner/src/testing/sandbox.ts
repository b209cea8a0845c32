import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type AgentSpec,
  type Assignment,
  type DesiredPrompt,
  type RunnerConfig,
  SANDBOX_MARK,
  sandboxName,
} from '@roundhouse/contracts';
import { endProcessTree, findProcesses } from '@roundhouse/host';
import { TestCoordinator } from './coordinator.ts';
import { git } from './git-http.ts';

const RUNNER = fileURLToPath(new URL('../../dist/bundle/main.js', import.meta.url));

/** The mark of a runner that was started ahead of its attempt. */
export const WAITING_MARK = 'warm-of-a-test';

export type AttemptConfig = Extract<RunnerConfig, { mode: 'attempt' }>;
type ArchiveConfig = Extract<RunnerConfig, { mode: 'archive' }>;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A scratch project with its hub, a coordinator of the test, and one sandbox folder in which runners are started. */
export class Sandbox {
  readonly projectId = randomUUID();
  readonly taskId = randomUUID();
  readonly attempt = 1;
  readonly mark = sandboxName(this.taskId, 1);
  readonly runnerToken = 'runner-token-of-a-test';
  readonly archiveToken = 'archive-token-of-a-test';
  readonly subtaskToken = 'subtask-token-of-a-test';
  readonly archiveRef = `refs/archive/${this.taskId}/1`;
  readonly root: string;
  readonly folder: string;
  readonly coordinator: TestCoordinator;
  baseCommit = '';
  #assignment: Assignment | null = null;

  private constructor(root: string, coordinator: TestCoordinator) {
    this.root = root;
    this.folder = join(root, this.mark);
    this.coordinator = coordinator;
  }

  static async make(
    options: { agent?: AgentSpec; hubObjects?: boolean; seed?: (source: string) => Promise<void> } = {},
  ): Promise<Sandbox> {
    const root = await mkdtemp(join(tmpdir(), 'rh-runner-'));
    const sandbox = new Sandbox(root, await TestCoordinator.start(root));
    await sandbox.#seedHub(options.seed);
    for (const token of [sandbox.runnerToken, sandbox.archiveToken, sandbox.subtaskToken])
      sandbox.coordinator.tokens.add(token);
    sandbox.#assignment = {
      taskId: sandbox.taskId,
      attempt: 1,
      projectId: sandbox.projectId,
      baseBranch: 'main',
      baseCommit: sandbox.baseCommit,
      branch: 'task/try-it-1',
      agent: options.agent ?? { kind: 'scripted' },
      author: { name: 'Ada', email: 'ada@example.org' },
      subtaskToken: sandbox.subtaskToken,
      doneToken: 'done-token-of-a-test',
      cols: 100,
      rows: 30,
    };
    await mkdir(sandbox.folder, { mode: 0o700 });
    return sandbox;
  }

  get assignment(): Assignment {
    if (this.#assignment === null) throw new Error('the sandbox is not made yet');
    return this.#assignment;
  }

  get worktree(): string {
    return join(this.folder, 'worktree');
  }

  get hub(): string {
    return this.coordinator.hub(this.projectId);
  }

  async #seedHub(seed?: (source: string) => Promise<void>): Promise<void> {
    const source = join(this.root, 'source');
    await mkdir(source);
    await git(source, 'init', '--initial-branch=main');
    await writeFile(join(source, 'README.md'), '# Scratch\n');
    await writeFile(join(source, '.gitignore'), '*.log\n');
    await seed?.(source);
    await git(source, 'add', '--all');
    await git(source, 'commit', '--message', 'first');
    this.baseCommit = await git(source, 'rev-parse', 'HEAD');
    await git(this.root, 'clone', '--bare', source, this.hub);
    await git(this.hub, 'config', 'http.receivepack', 'true');
  }

  attemptConfig(change: Partial<AttemptConfig> = {}): AttemptConfig {
    const { projectId, taskId, attempt, folder, coordinator } = this;
    return {
      mode: 'attempt',
      coordinatorUrl: coordinator.url,
      projectId,
      taskId,
      attempt,
      folder,
      isolated: false,
      doors: [],
      token: this.runnerToken,
      assignment: this.assignment,
      mcpUrl: `${coordinator.url}/mcp`,
      hubObjects: join(this.hub, 'objects'),
      worktree: 'checkout',
      proxyUrl: null,
      agentEnvironment: {},
      ...change,
    };
  }

  archiveConfig(change: Partial<ArchiveConfig> = {}): ArchiveConfig {
    const { projectId, taskId, attempt, folder, isolated, doors, coordinatorUrl } = this.attemptConfig();
    const place = { coordinatorUrl, projectId, taskId, attempt, folder, isolated, doors };
    return { mode: 'archive', ...place, token: this.archiveToken, ref: this.archiveRef, ...change };
  }

  /** Starts a runner as a launcher does, by a program before it where one is named (such as `unshare`). */
  async start(config: RunnerConfig = this.attemptConfig(), before: readonly string[] = []): Promise<Runner> {
    const file = join(this.folder, 'config.json');
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    return new Runner([...before, process.execPath, RUNNER, '--config', file], this.mark);
  }

  /** Starts a runner that waits for its attempt. */
  startWaiting(socket = join(this.folder, 'hand-over.sock'), before: readonly string[] = []): Runner {
    return new Runner([...before, process.execPath, RUNNER, '--await', socket], WAITING_MARK);
  }

  prompt(text: string, ordinal = 1): DesiredPrompt {
    return { id: randomUUID(), ordinal, revision: 1, text };
  }

  stop(reason = 'closed by the test'): void {
    this.coordinator.desire({ stop: { reason, archiveRef: this.archiveRef, archiveToken: this.archiveToken } });
  }

  /** A file as the archive has it. */
  archived(path: string): Promise<string> {
    return git(this.hub, 'show', `${this.archiveRef}:${path}`);
  }

  processes(): Promise<number[]> {
    return findProcesses({ mark: this.mark, folder: this.folder });
  }

  async remove(): Promise<void> {
    await endProcessTree({ mark: this.mark, folder: this.folder }, { graceMs: 0, killMs: 5_000 });
    await this.coordinator.stop();
    await rm(this.root, { recursive: true, force: true });
  }
}

export class Runner {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  log = '';
  #onLog: () => void = () => undefined;

  constructor([program = '', ...args]: readonly string[], mark: string) {
    const { PATH, LANG } = process.env;
    const env = { PATH, ...(LANG === undefined ? {} : { LANG }), HOME: '/nonexistent', [SANDBOX_MARK]: mark };
    this.child = spawn(program, args, { env, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr?.on('data', (data: Buffer) => {
      this.log += data.toString('utf8');
      this.#onLog();
    });
    this.exited = new Promise((resolve) => this.child.on('close', (code, signal) => resolve({ code, signal })));
  }

  /** Resolves when the log has the words. */
  logged(words: string): Promise<void> {
    return new Promise((resolve) => {
      this.#onLog = () => (this.log.includes(words) ? resolve() : undefined);
      this.#onLog();
    });
  }
}

export const textOf = (path: string): Promise<string> => readFile(path, 'utf8');
