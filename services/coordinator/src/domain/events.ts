import type {
  Activity,
  AgentKind,
  ConflictFile,
  Dependency,
  DialogAnswer,
  LimitKind,
  NotificationMessage,
  OnDependencyFailure,
  Person,
  PromptRecall,
  ReportKind,
} from '@roundhouse/contracts';
import type { DependencyFact } from './admission/dependencies.ts';

/** Everything that can happen to a task. What a runner says carries its attempt: the fencing token. */
export type Event =
  | { readonly type: 'admitted'; readonly trial: boolean }
  | { readonly type: 'dependencies_weighed'; readonly facts: readonly DependencyFact[] }
  | {
      readonly type: 'dependencies_set';
      readonly dependsOn: readonly Dependency[];
      /** Undefined: as it was. */
      readonly onDependencyFailure: OnDependencyFailure | undefined;
    }
  | {
      readonly type: 'quota_reported';
      readonly attempt: number;
      readonly until: string | null;
      readonly reason: string;
    }
  | { readonly type: 'claimed'; readonly attempt: number; readonly baseCommit: string }
  | { readonly type: 'linked'; readonly attempt: number }
  | { readonly type: 'activity_reported'; readonly attempt: number; readonly activity: Activity }
  | {
      readonly type: 'prompt_requested';
      readonly promptId: string;
      readonly bytes: number;
      /** Who sends it: a prompt of the one who holds the keyboard is not held. */
      readonly tokenId?: string;
    }
  | { readonly type: 'prompt_recall_requested'; readonly promptId: string; readonly recall: PromptRecall }
  | {
      readonly type: 'prompt_recalled';
      readonly attempt: number;
      readonly promptId: string;
      readonly recallId: string;
      readonly recalled: boolean;
    }
  | {
      readonly type: 'prompt_reported';
      readonly attempt: number;
      readonly promptId: string;
      readonly state: 'written' | 'accepted' | 'undelivered';
      readonly screen: string | undefined;
    }
  | {
      readonly type: 'answer_requested';
      readonly answerId: string;
      readonly dialogId: string;
      readonly option: number;
      readonly text?: string | undefined;
    }
  | {
      readonly type: 'answer_reported';
      readonly attempt: number;
      readonly answer: Omit<DialogAnswer, 'at'>;
    }
  | {
      readonly type: 'publish_requested';
      readonly attempt: number;
      readonly publishId: string;
      readonly land: boolean;
      readonly summary: string | null;
      /** Any JSON; undefined or null: none. */
      readonly result?: unknown;
    }
  | {
      readonly type: 'published';
      readonly attempt: number;
      readonly publishId: string;
      readonly commit: string;
      readonly dirty: readonly string[];
      readonly untracked: readonly string[];
    }
  | { readonly type: 'publish_failed'; readonly attempt: number; readonly publishId: string; readonly reason: string }
  | {
      readonly type: 'agent_exited';
      readonly attempt: number;
      readonly code: number | null;
      readonly signal: string | null;
    }
  | {
      readonly type: 'agent_resumed';
      readonly attempt: number;
      readonly code: number | null;
      readonly signal: string | null;
      readonly anew: boolean;
    }
  | { readonly type: 'attempt_failed'; readonly attempt: number; readonly reason: string }
  | { readonly type: 'attempt_lost'; readonly attempt: number; readonly reason: string }
  | { readonly type: 'limit_hit'; readonly attempt: number; readonly limit: LimitKind; readonly reason: string }
  | {
      readonly type: 'sandbox_gone';
      readonly attempt: number;
      readonly kept: string | null;
      /** What the sandbox was killed for, where its end was a limit's. */
      readonly limit: LimitKind | null;
      /** Why the launcher ended it, or could not start it; null: it found it gone. */
      readonly reason: string | null;
    }
  /** `yields`: to a person who holds the keyboard. */
  | { readonly type: 'close_requested'; readonly reason: string; readonly yields?: boolean }
  | { readonly type: 'close_finished'; readonly archiveRefs: readonly string[] }
  | {
      readonly type: 'land_requested';
      readonly commit: string;
      readonly by: 'coordinator' | 'subtask';
      readonly message: string | null;
      /** To a person who holds the keyboard. */
      readonly yields?: boolean;
    }
  | { readonly type: 'land_finished'; readonly result: LandResult }
  | { readonly type: 'notice_delivered'; readonly noticeId: string }
  | { readonly type: 'notice_returned'; readonly noticeId: string }
  | { readonly type: 'notice_acknowledged'; readonly noticeId: string }
  | { readonly type: 'control_taken'; readonly who: Person; readonly until: string; readonly force: boolean }
  | { readonly type: 'control_returned'; readonly tokenId: string; readonly force: boolean }
  | { readonly type: 'control_expired' }
  | { readonly type: 'input_requested'; readonly inputId: string; readonly text: string; readonly tokenId: string }
  | {
      readonly type: 'input_reported';
      readonly attempt: number;
      readonly inputId: string;
      readonly typed: boolean;
      readonly shown: boolean;
    }
  | {
      readonly type: 'question_asked';
      readonly attempt: number;
      readonly questionId: string;
      readonly text: string;
      readonly options: readonly string[];
    }
  | {
      readonly type: 'question_answered';
      readonly questionId: string;
      readonly answerId: string;
      readonly text: string;
      readonly by: 'coordinator' | 'human';
    }
  | {
      readonly type: 'report_made';
      readonly attempt: number;
      readonly reportId: string;
      readonly kind: ReportKind;
      readonly text: string;
    };

export type EventType = Event['type'];
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;

/** How a landing in the hub came out. */
export type LandResult =
  | { readonly kind: 'landed'; readonly landedAs: string; readonly nothingToLand: boolean }
  | { readonly kind: 'conflicted'; readonly onto: string; readonly files: readonly ConflictFile[] }
  | { readonly kind: 'failed'; readonly reason: string };

/** What is to be done because of a transition. Executors are idempotent: each effect may be executed again. */
export type Effect =
  | { readonly type: 'enqueue'; readonly taskId: string; readonly attempt: number }
  | { readonly type: 'land'; readonly taskId: string }
  /** Somebody may have a place now: of this coordinator (where the service has a limit, of any); null: of any. */
  | { readonly type: 'admit'; readonly coordinatorId: string | null }
  /** Look at the dependencies of this task. */
  | { readonly type: 'weigh'; readonly taskId: string }
  /** Look at the dependencies of those that wait for this task. */
  | { readonly type: 'weigh_dependants'; readonly taskId: string }
  | {
      readonly type: 'quota_hit';
      readonly id: string;
      readonly kind: AgentKind;
      readonly taskId: string;
      readonly until: string | null;
      readonly reason: string;
    }
  | {
      readonly type: 'trial_over';
      readonly kind: AgentKind;
      readonly taskId: string;
      readonly outcome: 'passed' | 'void';
    }
  /** Type a notification to the agent of this task, which is a coordinator. */
  | { readonly type: 'tell_host'; readonly taskId: string; readonly message: NotificationMessage }
  | { readonly type: 'finish_close'; readonly taskId: string };
export type EffectType = Effect['type'];
