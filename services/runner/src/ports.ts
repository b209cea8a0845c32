import type { AgentSpec, Desired, DesiredPrompt, Door, PermissionMode, RunnerEvent } from '@roundhouse/contracts';
import type { DiskSpace } from './domain/limits.ts';
import type { ProgramStatus } from './domain/program-status.ts';
import type { TypingRules } from './domain/prompt-delivery.ts';
import type { Screen } from './domain/screen.ts';
import type { Signs } from './domain/signs.ts';

/** What is needed of a logger; a pino logger is one. Never given prompt texts, terminal output or tokens. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * How a link ends for good: a newer attempt owns the task (`fenced`), the lease could not be renewed in time (`lost`), or
 * the two sides do not understand each other (`broken`). Anything else is only an interruption: it dials again.
 */
export type LinkEnd = { readonly kind: 'fenced' | 'lost' | 'broken'; readonly reason: string };

/** The connection to the coordinator. Reports and output may be handed over at any time, connected or not, in order. */
export interface Link {
  /** Resolves at the first welcome: the attempt is this runner's. */
  readonly welcomed: Promise<void>;
  readonly ended: Promise<LinkEnd>;
  report(event: RunnerEvent): void;
  output(data: Uint8Array): void;
  /** Resolves when all that was handed over is acknowledged, or false after `boundMs`. */
  drained(boundMs: number): Promise<boolean>;
  /** Closes it; a second time does nothing. */
  close(): void;
}

export interface LinkListener {
  /** The coordinator's wish, in full, each time that it changes or the link is back. */
  onDesired(desired: Desired): void;
  /** The lease is being renewed: every 5 s while connected, and when the link is back. What is looked at now and then hangs on it. */
  onBeat(): void;
}

export interface HubAccess {
  /** `<coordinatorUrl>/git/<projectId>.git` */
  readonly url: string;
  readonly token: string;
}

export interface WorktreeOrder {
  /** An empty or missing folder; for worktrees over a prepared checkout the repository that is mounted there. */
  readonly path: string;
  readonly hub: HubAccess;
  /** Object store to borrow from, read-only; null: objects are fetched. */
  readonly hubObjects: string | null;
  readonly baseBranch: string;
  readonly baseCommit: string;
  readonly branch: string;
}

/**
 * Makes the worktree that an agent works in: a repository on `branch` at `baseCommit`, clean, whose remote `origin` is the
 * hub with the base branch known. Called once an attempt; a failure leaves nothing that matters behind.
 */
export interface WorktreeProvider {
  create(order: WorktreeOrder, signal: AbortSignal): Promise<void>;
}

export interface CheckoutOrder {
  /** A missing folder. */
  readonly path: string;
  readonly hubObjects: string;
  readonly baseCommit: string;
}

/** Makes the checkout that worktrees are laid over later: at one commit, on no branch, knowing neither remote nor attempt. */
export interface CheckoutMaker {
  make(order: CheckoutOrder, signal: AbortSignal): Promise<void>;
}

/** Whether git is there and new enough. @throws with one sentence for a person. */
export type CheckGit = (signal: AbortSignal) => Promise<void>;

export type PublishResult =
  | { readonly outcome: 'published'; readonly commit: string; readonly dirty: string[]; readonly untracked: string[] }
  | { readonly outcome: 'failed'; readonly reason: string };

/** Pushes HEAD of the worktree to `branch`, unless tracked files have uncommitted changes. Idempotent. */
export interface Publisher {
  publish(order: { path: string; hub: HubAccess; branch: string }, signal: AbortSignal): Promise<PublishResult>;
}

export type ArchiveResult =
  { readonly outcome: 'archived'; readonly commit: string } | { readonly outcome: 'nothing'; readonly reason: string };

/**
 * Saves all of the worktree that git does not ignore, committed or not, under `ref`, without touching the worktree, its
 * index or its branches. Only called when nobody writes there any more. Idempotent. Throws where it could not.
 */
export interface Archiver {
  archive(
    order: { path: string; scratch: string; hub: HubAccess; ref: string },
    signal: AbortSignal,
  ): Promise<ArchiveResult>;
}

export interface TreeInstructionsOrder {
  /** The sandbox's folder, beside the worktree. */
  readonly folder: string;
  readonly worktree: string;
  /** A file in the root of the worktree, there or not. */
  readonly file: string;
  readonly taskId: string;
  readonly text: string;
}

/** Instructions that an agent can only be given in a file of its worktree. */
export interface TreeInstructions {
  /** Once, before the agent begins. What the file holds, its mode and its line ends stay. */
  plant(order: TreeInstructionsOrder, signal: AbortSignal): Promise<void>;
  /** Takes them out of the file again, once nobody writes there. Idempotent; nothing where none were put in. */
  remove(folder: string): Promise<void>;
}

export interface AgentExit {
  readonly code: number | null;
  readonly signal: string | null;
}

export interface TerminalOrder {
  /** The program is started once this has resolved, and not where it rejects; what can be done before, is. */
  readonly after: Promise<unknown>;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly cols: number;
  readonly rows: number;
  /** Every byte, in order. */
  readonly onOutput: (data: Uint8Array) => void;
  readonly onStatus: (status: ProgramStatus) => void;
  /** The program named its window. */
  readonly onTitle: (title: string) => void;
  /** Somebody typed, through `write`: what the terminal itself answers to queries is not told. */
  readonly onTyped: (text: string) => void;
  /** The screen has taken in all output and has been quiet for a moment. */
  readonly onSettled: () => void;
}

/** A place on the screen that the cursor was at. */
export interface CursorPlace {
  /** What stands there now, to the end of its line, however often that wraps; null where the place is gone. */
  text(): string | null;
  forget(): void;
}

/** An agent in its terminal, and the model of what it shows. */
export interface AgentTerminal {
  readonly pid: number;
  /** Resolves after the last byte of output was handed over. */
  readonly exited: Promise<AgentExit>;
  /** In order; resolves when all bytes are in the terminal, rejects when they could not be put there. */
  write(text: string): Promise<void>;
  /** Whether the program asked for bracketed paste. */
  readonly bracketedPaste: boolean;
  /** Where the cursor is, once the screen has taken in all output that has come. */
  cursorPlace(): Promise<CursorPlace>;
  /** The screen as rows; its shades can be asked for until more output is taken in. */
  readonly view: Screen;
  /** The screen as text, at most 20,000 characters. */
  readonly screen: string;
  /** Gives the terminal back to the system. Does not end the program. */
  close(): void;
}

export interface Terminals {
  /** Throws ProgramNotFoundError where there is no such program. */
  spawn(order: TerminalOrder): Promise<AgentTerminal>;
}

/** Of a process that has time before it is needed. */
export interface ReadyTerminals extends Terminals {
  /** Makes what can be made of the next terminal of this size. */
  makeAhead(size: Pick<TerminalOrder, 'cols' | 'rows'>): void;
}

export class ProgramNotFoundError extends Error {
  override readonly name = 'ProgramNotFoundError';
}

/** An MCP server as every agent's configuration names it, in one form or another. */
export interface McpServer {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface LaunchContext {
  /** The first prompt, where the adapter asked for it; else null. */
  readonly firstPrompt: DesiredPrompt | null;
  /** A private file (0600, outside the worktree) that holds the first prompt byte for byte, where there is one. */
  readonly promptFile: string;
  /** The agent's own HOME: nobody else's configuration is in it. */
  readonly home: string;
  readonly worktree: string;
  readonly taskId: string;
  /** The MCP servers by name: where the tools are, and the headers that let it use them (secrets, so for files alone). */
  readonly mcp: Readonly<Record<string, McpServer>>;
  /** The MCP configuration as JSON, in the form that most programs read. */
  readonly mcpConfig: string;
  /** What it is told about being a sub-task. */
  readonly instructions: string;
  readonly permissionMode: PermissionMode;
  /** What of the operator's environment is meant for agents: credentials of model providers, their addresses. */
  readonly environment: Readonly<Record<string, string>>;
  /** True: it has run before in this HOME and is to go on where it was. */
  readonly resumes: boolean;
}

/** A file of the agent's HOME, written with mode 0600 before the program starts. */
export interface SeedFile {
  /** Below HOME. */
  readonly path: string;
  readonly text: string;
}

export interface Launch {
  readonly argv: readonly string[];
  /** Added to the environment that every agent gets. */
  readonly env: Readonly<Record<string, string>>;
  /** What it reads at its start: settings, tools, instructions, what its first questions would have been. */
  readonly files: readonly SeedFile[];
}

/** What one kind of agent needs: how it is started, how it is typed to, how it is read, how its first prompt travels. */
export interface AgentAdapter<S extends AgentSpec = AgentSpec> {
  readonly typing: TypingRules;
  readonly signs: Signs;
  /** `typed`: like all others; `file` and `argument`: it travels with the start, which therefore waits for it. */
  firstPromptVia(spec: S): 'typed' | 'file' | 'argument';
  launch(spec: S, context: LaunchContext): Launch;
  /** Whether it can go on with what it was at after it died: by `launch` with `resumes`. */
  readonly canResume: boolean;
  /**
   * Whether the program has written down a prompt since then, in the HOME; where that comes later than its work shows. What is not
   * written down when it dies it does not know when it goes on.
   */
  recordedSince?(home: string, since: Date): Promise<boolean>;
}

export type AdapterOf = (spec: AgentSpec) => AgentAdapter;

/** What a sandbox can tell of the limits that hold for it. */
export interface Gauge {
  /** How many processes of it were killed for want of memory so far; null where that cannot be known. */
  oomKills(): Promise<number | null>;
  /** The file system that holds its folder; null where that is not its own to fill. */
  disk(): Promise<DiskSpace | null>;
  /**
   * Puts this process, and what it forks, behind the runner: where memory is short it is killed first, where processors
   * are it waits, so that somebody is left to renew the lease and to tell.
   */
  putBehind(pid: number): Promise<void>;
}

/** Opens ways out of the sandbox; resolves when all listen, with what closes them and all that goes through them. */
export type OpenDoors = (doors: readonly Door[]) => Promise<{ close(): Promise<void> }>;

/** Ends every process of the sandbox but this one; resolves with what could not be ended. */
export type EndTree = (roots: readonly number[]) => Promise<{ left: number[] }>;

/** The clock, handed in. */
export type Now = () => Date;

/** Ends a timer; one that has run or was ended stays so. */
export type EndTimer = () => void;

/** Time as it passes, or as a recording has it. Milliseconds. */
export interface Timers {
  now(): number;
  /** Runs `run` once, `ms` from now, unless it is ended before. */
  after(ms: number, run: () => void): EndTimer;
}
