import {
  type AdmissionRecord,
  type AgentSpec,
  DEFAULT_PRIORITY,
  type Limits,
  type PromptRecord,
  type TaskRecord,
  taskBranch,
} from '@roundhouse/contracts';
import { initialActivity } from './regions/activity.ts';

export interface NewTask {
  readonly id: string;
  readonly coordinatorId: string;
  readonly projectId: string;
  readonly hosts?: string;
  readonly name: string;
  readonly baseBranch: string;
  readonly agent: AgentSpec;
  readonly limits: Limits;
  readonly image: string | null;
  readonly allowLandSelf: boolean;
  readonly promptId: string;
  readonly promptBytes: number;
  readonly priority?: number;
  readonly dependsOn?: TaskRecord['dependsOn'];
  readonly onDependencyFailure?: TaskRecord['onDependencyFailure'];
  readonly resultSchema?: TaskRecord['resultSchema'];
}

/** The receipt of a prompt that nobody has yet. */
export const newPrompt = (
  given: Pick<PromptRecord, 'id' | 'ordinal' | 'bytes' | 'at'> & { readonly byHolder?: boolean },
): PromptRecord => ({ byHolder: false, ...given, state: 'queued', revision: 1, textId: null, recall: null });

/** The first record of a task: queued, with its first prompt; admitted unless something holds it. */
export function newTask(
  wanted: NewTask,
  now: string,
  admission: AdmissionRecord = { state: 'admitted', at: now, trial: false },
): TaskRecord {
  const { promptId, promptBytes, ...given } = wanted;
  return {
    hosts: null,
    priority: DEFAULT_PRIORITY,
    dependsOn: [],
    onDependencyFailure: 'fail',
    resultSchema: null,
    admission,
    ...given,
    version: 1,
    branch: taskBranch(wanted.name, wanted.id),
    createdAt: now,
    updatedAt: now,
    attempt: 1,
    deadline: null,
    lifecycle: { state: 'queued' },
    sandboxes: [],
    closing: null,
    kept: [],
    activity: initialActivity(now),
    completion: { state: 'none' },
    delivery: { state: 'none' },
    landing: { state: 'none' },
    control: { holder: 'coordinator' },
    typed: null,
    inputs: [],
    inputsTotal: 0,
    questions: [],
    reports: [],
    sideNotices: [],
    prompts: [newPrompt({ id: promptId, ordinal: 1, bytes: promptBytes, at: now })],
    promptsTotal: 1,
    publish: null,
    lastPublish: null,
    resumes: [],
    eventSeq: 0,
  };
}
