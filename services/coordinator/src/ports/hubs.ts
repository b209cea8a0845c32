import type { Readable } from 'node:stream';
import type { LandResult } from '../domain/events.ts';

export interface DiffPage {
  readonly text: string;
  readonly nextOffset: number | null;
  readonly files: { path: string; added: number | null; removed: number | null }[];
  readonly filesTotal: number;
}

/** The bare repositories. Git runs only with an explicit `--git-dir` of a hub, never where an agent can write. */
export interface Hubs {
  create(projectId: string, source: string, defaultBranch: string | null): Promise<{ defaultBranch: string }>;
  /** An empty hub to push to. Idempotent: a hub that is there stays as it is. */
  createEmpty(projectId: string, defaultBranch: string): Promise<void>;
  remove(projectId: string): Promise<void>;
  /** Takes what the source has by now, branch by branch, wherever that is a fast-forward; nothing in the hub is lost. */
  refresh(projectId: string, source: string): Promise<void>;
  objectsFolder(projectId: string): string;
  /** The commit of a branch, or null. */
  branch(projectId: string, name: string): Promise<string | null>;
  ref(projectId: string, ref: string): Promise<string | null>;
  mergeBase(projectId: string, one: string, other: string): Promise<string | null>;
  diff(projectId: string, base: string, commit: string, offset: number, signal: AbortSignal): Promise<DiffPage>;
  /** Invariant I6: at most once, on the named branch or not at all. One lane a project. */
  land(projectId: string, request: { commit: string; target: string; message: string }): Promise<LandResult>;
  /** Keeps a branch under an archive ref, then deletes it. Idempotent. Returns the archive refs of the task. */
  archiveTask(projectId: string, taskId: string, branch: string): Promise<string[]>;
}

export type GitService = 'git-upload-pack' | 'git-receive-pack';

/** What one request may do. `writableRef` is a full ref name, or a prefix that ends in `*`; null: nothing. */
export interface GitAccess {
  readonly writableRef: string | null;
  /** Whether it sees other tasks' branches and archives. */
  readonly seesAll: boolean;
  /** What no object of a push may hold: a POSIX extended regular expression. */
  readonly refused: string;
  /** Whether a push that is too large to be looked through is refused. */
  readonly strict: boolean;
}

export interface GitRequest {
  readonly projectId: string;
  readonly service: GitService;
  readonly access: GitAccess;
  /** The Git-Protocol header, where there is one. */
  readonly protocol: string | undefined;
  readonly signal: AbortSignal;
}

/** The hub over HTTP (gitprotocol-http(5)): one git process a request, bounded in number. */
export interface GitSmartHttp {
  /** The first request of an exchange: which refs there are. */
  advertise(request: GitRequest): { output: Readable };
  /** The second: the pack, either way. Resolves when git has begun. */
  exchange(request: GitRequest, input: Readable): Promise<{ output: Readable }>;
}
