import type { DesiredPrompt, DesiredRecall } from '@roundhouse/contracts';
import type { ProgramStatus } from './program-status.ts';
import { type AcceptedBy, type Proof, type ProofInput, isAccepted, proofAfter } from './prompt-acceptance.ts';

/** How an agent is typed to. Times in milliseconds. */
export interface TypingRules {
  /**
   * `status`: typed to only when its status says that it waits. `output`: when it has printed something or reports.
   * `activity`: when all that is known of it says that it waits; that comes as a status here.
   */
  readonly readyBy: 'status' | 'output' | 'activity';
  /** For how long it must have been waiting; 0: not at all. */
  readonly readyForMs: number;
  /** After this long it is typed to all the same; null: waits as long as it takes (it may be at work for hours). */
  readonly readyBoundMs: number | null;
  /** Pause between paste and Enter; full-screen programs need one. */
  readonly pasteSettleMs: number;
  readonly acceptedBy: AcceptedBy;
  /** When Enter is pressed once more; null: never (a plain program would take it as a line of its own). */
  readonly enterAgainMs: number | null;
  /** From the last Enter until the prompt counts as undelivered. */
  readonly giveUpMs: number;
}

type Phase =
  | { readonly name: 'free' }
  | { readonly name: 'waiting'; readonly prompt: DesiredPrompt }
  | { readonly name: 'pasting' | 'settling'; readonly prompt: DesiredPrompt; readonly answering: boolean }
  | ({ readonly name: 'entering' } & Entered)
  | ({
      readonly name: 'awaiting';
      readonly enters: number;
      /** A person held the keyboard meanwhile: another Enter would be theirs. */
      readonly disturbed: boolean;
    } & Entered);

/** What is known of a prompt from its Enter on. */
interface Entered {
  readonly prompt: DesiredPrompt;
  readonly answering: boolean;
  readonly proof: Proof;
}

export interface Delivery {
  readonly phase: Phase;
  readonly wanted: readonly DesiredPrompt[];
  /** Ids that were typed or given up: whatever is asked again, they are not typed twice. */
  readonly finished: ReadonlySet<string>;
  /** Prompts that were taken back before they were begun, as `id@revision`, and the recalls that have their answer. */
  readonly takenBack: ReadonlySet<string>;
  readonly answered: ReadonlySet<string>;
  /** Whether a person holds the keyboard. */
  readonly held: boolean;
  readonly status: ProgramStatus | null;
  readonly sawOutput: boolean;
  readonly gone: boolean;
}

export type DeliveryInput =
  | { readonly type: 'wanted'; readonly prompts: readonly DesiredPrompt[] }
  | { readonly type: 'recall'; readonly recall: DesiredRecall }
  | { readonly type: 'held'; readonly held: boolean }
  | ProofInput
  | { readonly type: 'output' }
  /** The bytes of the last `paste` or `enter` are in the terminal, or could not be put there. */
  | { readonly type: 'typed' }
  | { readonly type: 'not_typed' }
  | { readonly type: 'time' }
  /** The agent died and will be started again: there is nobody to type to until it shows itself. */
  | { readonly type: 'lost' }
  | { readonly type: 'gone' };

export type DeliveryAction =
  | { readonly type: 'paste'; readonly text: string }
  /** `again`: only where the prompt still stands where it was typed. */
  | { readonly type: 'enter'; readonly again?: true }
  /** One timer: a new one replaces the old one, null ends it. */
  | { readonly type: 'timer'; readonly ms: number | null }
  | Report
  | { readonly type: 'recalled'; readonly recall: DesiredRecall; readonly isTakenBack: boolean };

interface Report {
  readonly type: 'report';
  readonly promptId: string;
  readonly state: 'written' | 'accepted' | 'undelivered';
}

export const NO_DELIVERY: Delivery = {
  phase: { name: 'free' },
  wanted: [],
  finished: new Set(),
  takenBack: new Set(),
  answered: new Set(),
  held: false,
  status: null,
  sawOutput: false,
  gone: false,
};

interface Step {
  readonly next: Delivery;
  readonly actions: readonly DeliveryAction[];
}

const NOTHING: readonly DeliveryAction[] = [];
const END_TIMER: DeliveryAction = { type: 'timer', ms: null };
const stay = (delivery: Delivery): Step => ({ next: delivery, actions: NOTHING });

/**
 * One step of the delivery of prompts, pure: one at a time, by ordinal, `written` when the bytes are in the terminal,
 * `accepted` when there is proof, else `undelivered`. An agent that shows a permission or login dialog is never typed
 * to; one that asks a question is, because the prompt is the answer, unless it asks by a dialog of its screen.
 */
export function deliver(before: Delivery, input: DeliveryInput, rules: TypingRules): Step {
  const noted = note(before, input);
  if (input.type === 'gone') return abandon(noted);
  if (input.type === 'lost') return takeUpAgain(noted);
  if (input.type === 'recall') return takeBack(noted, input.recall);
  const { next, actions } = advance(noted, input, rules);
  const begun = begin(next, rules);
  return { next: begun.next, actions: [...actions, ...begun.actions] };
}

/** A prompt that needs no typing (it travelled with the start of the program) is finished before it begins. */
export const withoutTyping = (delivery: Delivery, promptId: string): Delivery => finish(delivery, promptId);

function note(delivery: Delivery, input: DeliveryInput): Delivery {
  switch (input.type) {
    case 'wanted':
      return { ...delivery, wanted: input.prompts };
    case 'status':
      return { ...delivery, status: input.status.state === 'clear' ? null : input.status };
    case 'output':
      return { ...delivery, sawOutput: true };
    case 'held': {
      const { phase } = delivery;
      const disturbed = phase.name === 'awaiting' && input.held ? { ...phase, disturbed: true } : phase;
      return { ...delivery, held: input.held, phase: disturbed };
    }
    case 'lost':
      return { ...delivery, status: null, sawOutput: false };
    case 'gone':
      return { ...delivery, gone: true };
    default:
      return delivery;
  }
}

function advance(delivery: Delivery, input: DeliveryInput, rules: TypingRules): Step {
  const { phase } = delivery;
  switch (phase.name) {
    case 'free':
      return stay(delivery);
    case 'waiting': {
      const wanted = delivery.wanted.some(
        (prompt) => prompt.id === phase.prompt.id && prompt.revision === phase.prompt.revision,
      );
      if (!wanted) return { next: { ...delivery, phase: { name: 'free' } }, actions: [END_TIMER] };
      if (rules.readyForMs > 0) return waitOn(delivery, input, phase.prompt, rules);
      if (isReady(delivery, rules) || (input.type === 'time' && !isDialog(delivery.status)))
        return paste(delivery, phase.prompt);
      return stay(delivery);
    }
    case 'pasting':
      if (input.type === 'not_typed') return giveUp(delivery, phase.prompt);
      if (input.type !== 'typed') return stay(delivery);
      if (rules.pasteSettleMs === 0) return enter(delivery, phase);
      return {
        next: { ...delivery, phase: { ...phase, name: 'settling' } },
        actions: [{ type: 'timer', ms: rules.pasteSettleMs }],
      };
    case 'settling':
      return input.type === 'time' ? enter(delivery, phase) : stay(delivery);
    case 'entering':
      if (input.type === 'not_typed') return giveUp(delivery, phase.prompt);
      if (input.type === 'typed') return written(delivery, phase, rules);
      // The agent may be quicker than the callback of our own write.
      return stay({ ...delivery, phase: { ...phase, proof: furtherProof(phase, input, rules) } });
    case 'awaiting': {
      const proof = furtherProof(phase, input, rules);
      if (isAccepted(proof, 'at_once')) return accept(delivery, phase.prompt);
      if (input.type !== 'time') return stay({ ...delivery, phase: { ...phase, proof } });
      if (phase.enters > 1 && isAccepted(proof, 'overdue')) return accept(delivery, phase.prompt);
      // A hold ends by itself, and this waiting with it.
      if (delivery.held) return { next: delivery, actions: [{ type: 'timer', ms: rules.giveUpMs }] };
      if (!phase.disturbed && phase.enters === 1 && rules.enterAgainMs !== null) {
        return {
          next: { ...delivery, phase: { ...phase, enters: 2 } },
          actions: [
            { type: 'enter', again: true },
            { type: 'timer', ms: rules.giveUpMs },
          ],
        };
      }
      return giveUp(delivery, phase.prompt);
    }
  }
}

/** Each change of status begins the wait anew: what says for a moment that it waits is not typed to. */
function waitOn(delivery: Delivery, input: DeliveryInput, prompt: DesiredPrompt, rules: TypingRules): Step {
  const ready = isReady(delivery, rules);
  if (input.type === 'time' && ready) return paste(delivery, prompt);
  if (input.type !== 'status') return stay(delivery);
  return { next: delivery, actions: [{ type: 'timer', ms: ready ? rules.readyForMs : null }] };
}

/** Takes the next prompt when none is under way. */
function begin(delivery: Delivery, rules: TypingRules): Step {
  if (delivery.phase.name !== 'free' || delivery.gone) return stay(delivery);
  const open = delivery.wanted.filter(
    (prompt) => !delivery.finished.has(prompt.id) && !delivery.takenBack.has(versionOf(prompt)),
  );
  const prompt = open.toSorted((a, b) => a.ordinal - b.ordinal)[0];
  if (prompt === undefined) return stay(delivery);
  const ready = isReady(delivery, rules);
  if (ready && rules.readyForMs === 0) return paste(delivery, prompt);
  const ms = ready ? rules.readyForMs : rules.readyBoundMs;
  const actions: DeliveryAction[] = ms === null ? [] : [{ type: 'timer', ms }];
  return { next: { ...delivery, phase: { name: 'waiting', prompt } }, actions };
}

function isReady({ status, sawOutput }: Delivery, rules: TypingRules): boolean {
  if (status === null) return rules.readyBy === 'output' && sawOutput;
  if (status.state === 'blocked') return status.question.kind === 'question' && rules.readyBy !== 'activity';
  return status.state !== 'working';
}

const isDialog = (status: ProgramStatus | null): boolean =>
  status?.state === 'blocked' && status.question.kind !== 'question';

function furtherProof({ proof, answering }: Entered, input: DeliveryInput, { acceptedBy }: TypingRules): Proof {
  switch (input.type) {
    case 'status':
    case 'echoed':
    case 'recorded':
      return proofAfter(proof, input, acceptedBy, answering);
    default:
      return proof;
  }
}

function paste(delivery: Delivery, prompt: DesiredPrompt): Step {
  const answering = delivery.status?.state === 'blocked';
  return {
    next: { ...delivery, phase: { name: 'pasting', prompt, answering } },
    actions: [END_TIMER, { type: 'paste', text: prompt.text }],
  };
}

function enter(delivery: Delivery, { prompt, answering }: { prompt: DesiredPrompt; answering: boolean }): Step {
  return {
    next: { ...delivery, phase: { name: 'entering', prompt, answering, proof: 'none' } },
    actions: [{ type: 'enter' }],
  };
}

function written(delivery: Delivery, { prompt, answering, proof }: Entered, rules: TypingRules): Step {
  if (isAccepted(proof, 'at_once')) return acceptUnwritten(delivery, prompt);
  return {
    next: { ...delivery, phase: { name: 'awaiting', prompt, answering, enters: 1, proof, disturbed: delivery.held } },
    actions: [reportOf(prompt, 'written'), { type: 'timer', ms: rules.enterAgainMs ?? rules.giveUpMs }],
  };
}

const reportOf = ({ id }: DesiredPrompt, state: Report['state']): Report => ({ type: 'report', promptId: id, state });

function accept(delivery: Delivery, prompt: DesiredPrompt): Step {
  return {
    next: finish(delivery, prompt.id),
    actions: [END_TIMER, reportOf(prompt, 'accepted')],
  };
}

/** The same of a prompt that has not been reported as written yet. */
function acceptUnwritten(delivery: Delivery, prompt: DesiredPrompt): Step {
  const { next, actions } = accept(delivery, prompt);
  return { next, actions: [reportOf(prompt, 'written'), ...actions] };
}

function giveUp(delivery: Delivery, prompt: DesiredPrompt): Step {
  return {
    next: finish(delivery, prompt.id),
    actions: [END_TIMER, reportOf(prompt, 'undelivered')],
  };
}

const versionOf = ({ id, revision }: DesiredPrompt): string => `${id}@${revision}`;

/**
 * Answers a recall, once: a prompt that is not begun never will be in this version (I15), one that is goes on. The answer
 * is final, whatever is asked for afterwards.
 */
function takeBack(delivery: Delivery, recall: DesiredRecall): Step {
  if (delivery.answered.has(recall.id)) return stay(delivery);
  const answered = new Set(delivery.answered).add(recall.id);
  const { phase } = delivery;
  const isPhase = phase.name !== 'free' && phase.prompt.id === recall.promptId;
  if (delivery.finished.has(recall.promptId) || (isPhase && phase.name !== 'waiting'))
    return { next: { ...delivery, answered }, actions: [{ type: 'recalled', recall, isTakenBack: false }] };
  const takenBack = new Set(delivery.takenBack).add(`${recall.promptId}@${recall.revision}`);
  const action: DeliveryAction = { type: 'recalled', recall, isTakenBack: true };
  return isPhase
    ? { next: { ...delivery, answered, takenBack, phase: { name: 'free' } }, actions: [END_TIMER, action] }
    : { next: { ...delivery, answered, takenBack }, actions: [action] };
}

/** The agent is gone: what was being typed did not arrive; what was not begun stays queued, that is the truth. */
function abandon(delivery: Delivery): Step {
  const { phase } = delivery;
  if (phase.name === 'free' || phase.name === 'waiting') {
    return { next: { ...delivery, phase: { name: 'free' } }, actions: [END_TIMER] };
  }
  if (!('proof' in phase) || !isAccepted(phase.proof, 'gone')) return giveUp(delivery, phase.prompt);
  return phase.name === 'entering' ? acceptUnwritten(delivery, phase.prompt) : accept(delivery, phase.prompt);
}

/** What was being typed is typed again to the next one, unless there was proof that it had been taken. */
function takeUpAgain(delivery: Delivery): Step {
  const { phase } = delivery;
  if (phase.name === 'entering' && isAccepted(phase.proof, 'lost')) return acceptUnwritten(delivery, phase.prompt);
  return { next: { ...delivery, phase: { name: 'free' } }, actions: [END_TIMER] };
}

const finish = (delivery: Delivery, promptId: string): Delivery => ({
  ...delivery,
  phase: { name: 'free' },
  finished: new Set(delivery.finished).add(promptId),
});
