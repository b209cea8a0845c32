import { type TaskRecord, jsonBytes } from '@roundhouse/contracts';
import { ADMISSION_HANDLERS } from './admission/transitions.ts';
import { closeIfGone, end, lose } from './attempt-end.ts';
import { UNCHANGED, changed } from './change.ts';
import { CONTROL_HANDLERS, heldByHuman } from './control-transitions.ts';
import type { Decision, TransitionHandler } from './decision.ts';
import { DIALOG_HANDLERS } from './dialogs.ts';
import { isLive, lastAcceptedPrompt, promptQueueFull, signalIsCurrent } from './derived.ts';
import type { EventType } from './events.ts';
import { deadlineOf, limitReason } from './limits.ts';
import { raise, stepNotice } from './notices.ts';
import { resumed } from './agent-resumed.ts';
import { RECALL_HANDLERS } from './recall-transitions.ts';
import { nextActivity } from './regions/activity.ts';
import { nextCompletion } from './regions/completion.ts';
import { holdsNow, humanHolds } from './regions/control.ts';
import { nextDelivery } from './regions/delivery.ts';
import { newPrompt } from './new-task.ts';
import { nextLanding } from './regions/landing.ts';
import { VOICE_HANDLERS } from './voice-transitions.ts';

/** How many receipts of finished prompts a record keeps. */
const KEPT_RECEIPTS = 64;

/** What nothing follows on. */
const FINAL: ReadonlySet<string> = new Set(['accepted', 'withdrawn']);

function trimReceipts(task: TaskRecord): TaskRecord['prompts'] {
  const surplus = task.prompts.length - KEPT_RECEIPTS;
  if (surplus <= 0) return task.prompts;
  // Only what an agent has taken may be forgotten: a retry delivers all that is left, in order.
  return task.prompts.filter((prompt, index) => index >= surplus || !FINAL.has(prompt.state));
}

export const HANDLERS: { readonly [T in EventType]: TransitionHandler<T> } = {
  ...ADMISSION_HANDLERS,
  ...CONTROL_HANDLERS,
  ...RECALL_HANDLERS,
  ...VOICE_HANDLERS,
  ...DIALOG_HANDLERS,

  claimed: (task, event) => {
    // I12: nobody hands it over before, so a claim of it is of somebody who was not asked.
    if (task.admission.state === 'held')
      return { kind: 'refused', code: 'attempt_stale', message: 'the task has not been admitted yet' };
    return changed(
      {
        ...task,
        lifecycle: { state: 'starting', baseCommit: event.baseCommit },
        sandboxes: [...task.sandboxes, event.attempt],
      },
      ['starting'],
    );
  },

  linked: (task, _event, { now }) => {
    if (task.lifecycle.state !== 'starting') return UNCHANGED;
    const { baseCommit } = task.lifecycle;
    return changed(
      {
        ...task,
        lifecycle: { state: 'running', baseCommit },
        deadline: deadlineOf(task.limits, now),
        activity: nextActivity(task.activity, 'linked', now),
      },
      ['running'],
    );
  },

  activity_reported: (task, { activity }) => changed({ ...task, activity }, ['activity']),

  prompt_requested: (task, { promptId, bytes, tokenId = null }, { now }) => {
    if (task.prompts.some(({ id }) => id === promptId)) return UNCHANGED;
    if (task.closing !== null) return { kind: 'refused', code: 'task_ended', message: 'the task is being closed' };
    if (promptQueueFull(task))
      return { kind: 'refused', code: 'prompt_queue_full', message: 'too many prompts wait for delivery' };
    const ordinal = task.promptsTotal + 1;
    const byHolder = holdsNow(task.control, tokenId, now);
    const prompts = [...trimReceipts(task), newPrompt({ id: promptId, ordinal, bytes, at: now, byHolder })];
    return changed({ ...task, prompts, promptsTotal: ordinal }, ['prompt']);
  },

  prompt_reported: (task, { promptId, state, screen }, { now }) => {
    const receipt = task.prompts.find(({ id }) => id === promptId);
    if (receipt === undefined || FINAL.has(receipt.state) || receipt.state === state) return UNCHANGED;
    const updated = { ...receipt, state, at: now, recall: null, ...(screen === undefined ? {} : { screen }) };
    const prompts = task.prompts.map((prompt) => (prompt.id === promptId ? updated : prompt));
    const activity = state === 'accepted' ? nextActivity(task.activity, 'prompt_accepted', now) : task.activity;
    return changed({ ...task, prompts, activity }, ['prompt']);
  },

  publish_requested: (task, { publishId, land, summary, result }, { now }) => {
    if (task.publish !== null) return UNCHANGED;
    return changed({ ...task, publish: { id: publishId, land, summary, result: result ?? null, at: now } }, [
      'publish',
    ]);
  },

  published: (task, { publishId, commit, dirty, untracked }, circumstances) => {
    const { publish } = task;
    if (publish === null || publish.id !== publishId) return UNCHANGED;
    const { now, nextId } = circumstances;
    if (dirty.length > 0) {
      const reason = 'there are uncommitted changes';
      return changed(
        {
          ...task,
          publish: null,
          lastPublish: { id: publishId, outcome: 'refused', files: [...dirty] },
          completion: nextCompletion(task.completion, { type: 'refused', reason, files: dirty, at: now }),
        },
        ['signal_refused'],
      );
    }
    const afterPrompt = lastAcceptedPrompt(task);
    const { summary, result } = publish;
    const resultBytes = result === null ? 0 : jsonBytes(result);
    const signal = { id: nextId(), epoch: task.attempt, commit, summary, afterPrompt, result, resultBytes, at: now };
    const signalled: TaskRecord = {
      ...task,
      publish: null,
      lastPublish: { id: publishId, outcome: 'signalled', commit, untracked: [...untracked] },
      completion: nextCompletion(task.completion, { type: 'signalled', signal }),
    };
    // A person may have taken the keyboard since: then it is a signal like any other, and lands when somebody says so.
    if (publish.land && !humanHolds(task.control, now)) {
      // One step with the signal: nothing between the two may be seen, nor lost by a crash. Who lands its own work is told
      // of by the landing, or not at all where that conflicts: it goes on working.
      const queued = {
        state: 'queued' as const,
        commit,
        target: task.baseBranch,
        by: 'subtask' as const,
        message: summary,
        requestedAt: now,
      };
      const landing = nextLanding(task.landing, { type: 'requested', queued });
      if (landing !== 'busy')
        return changed({ ...signalled, landing }, ['signalled', 'landing'], [{ type: 'land', taskId: task.id }]);
    }
    return changed(raise(signalled, 'signal', { commit, summary }, circumstances), ['signalled', 'notice']);
  },

  publish_failed: (task, { publishId, reason }) => {
    if (task.publish?.id !== publishId) return UNCHANGED;
    return changed({ ...task, publish: null, lastPublish: { id: publishId, outcome: 'failed', reason } }, [
      'signal_refused',
    ]);
  },

  agent_exited: (task, { code, signal }, circumstances) => end(task, { kind: 'exited', code, signal }, circumstances),
  agent_resumed: (task, event, { now }) => resumed(task, event, now),
  attempt_failed: (task, { reason }, circumstances) => end(task, { kind: 'failed', reason }, circumstances),
  attempt_lost: (task, { reason }, circumstances) => lose(task, reason, circumstances),
  // Never retried: the next attempt would meet the same limit.
  limit_hit: (task, { limit, reason }, circumstances) => end(task, { kind: limit, reason }, circumstances),

  sandbox_gone: (task, { attempt, kept, limit, reason }, circumstances) => {
    if (!task.sandboxes.includes(attempt)) return UNCHANGED;
    const gone: TaskRecord = {
      ...task,
      sandboxes: task.sandboxes.filter((other) => other !== attempt),
      kept: kept === null ? task.kept : [...task.kept, kept],
    };
    if (attempt === task.attempt && isLive(task)) {
      const over =
        limit === null
          ? lose(gone, reason ?? 'its sandbox is gone', circumstances)
          : end(gone, { kind: limit, reason: limitReason(limit, task.limits) }, circumstances);
      return { ...over, kinds: ['sandbox_gone', ...over.kinds] };
    }
    return changed(gone, ['sandbox_gone'], closeIfGone(gone));
  },

  close_requested: (task, { reason, yields = false }, circumstances) => {
    const { now } = circumstances;
    if (yields && task.closing === null && humanHolds(task.control, now)) return heldByHuman(task);
    const noticeId = task.delivery.state === 'none' ? null : task.delivery.notice.id;
    const delivery =
      noticeId === null ? task.delivery : nextDelivery(task.delivery, { type: 'acknowledged', noticeId, at: now });
    if (task.closing !== null) return UNCHANGED;
    const closing: TaskRecord = { ...task, closing: { at: now, reason }, delivery, sideNotices: [] };
    if (task.lifecycle.state === 'queued') {
      const ended = end(closing, { kind: 'cancelled', reason }, circumstances);
      return { ...ended, kinds: ['closing', ...ended.kinds] };
    }
    return changed(closing, ['closing'], closeIfGone(closing));
  },

  close_finished: (task, { archiveRefs }) => {
    if (task.lifecycle.state !== 'ended' || task.closing === null || task.sandboxes.length > 0) return UNCHANGED;
    const { end: how } = task.lifecycle;
    return changed(
      { ...task, lifecycle: { state: 'closed', end: how, archiveRefs: [...archiveRefs], kept: task.kept } },
      ['closed'],
    );
  },

  land_requested: (task, { commit, by, message, yields = false }, { now }) => {
    if (yields && humanHolds(task.control, now)) return heldByHuman(task);
    if (!signalIsCurrent(task) || task.completion.state !== 'signalled' || task.completion.signal.commit !== commit) {
      return { kind: 'refused', code: 'not_signalled', message: 'the task has no signal that is its last word' };
    }
    const queued = { state: 'queued' as const, commit, target: task.baseBranch, by, message, requestedAt: now };
    const landing = nextLanding(task.landing, { type: 'requested', queued });
    if (landing === 'busy')
      return { kind: 'refused', code: 'already_landing', message: 'another commit of the task is being landed' };
    if (landing === task.landing) return UNCHANGED;
    return changed({ ...task, landing }, ['landing'], [{ type: 'land', taskId: task.id }]);
  },

  land_finished: (task, { result }, circumstances) => {
    const { now } = circumstances;
    const { landing: before } = task;
    const landing = nextLanding(before, { type: 'finished', result, at: now });
    if (landing === 'busy' || landing === before || before.state !== 'queued') return UNCHANGED;
    const settled: TaskRecord = { ...task, landing };
    if (landing.state === 'landed') {
      // The coordinator that asked for a landing hears of it in the answer; every other waiter is woken by the event.
      if (before.by === 'coordinator') return changed(settled, ['landed']);
      const summary = task.completion.state === 'signalled' ? task.completion.signal.summary : null;
      return changed(raise(settled, 'landed', { commit: landing.landedAs, summary }, circumstances), [
        'landed',
        'notice',
      ]);
    }
    const kind = landing.state === 'conflicted' ? 'conflicted' : 'land_failed';
    if (before.by === 'coordinator') return changed(settled, [kind]);
    const files = landing.state === 'conflicted' ? landing.files.map(({ path }) => path) : [];
    return changed(
      {
        ...settled,
        completion: { state: 'refused', reason: `its commit could not be landed (${kind})`, files, at: now },
      },
      [kind, 'signal_refused'],
    );
  },

  notice_delivered: (task, { noticeId }, { now }) => deliver(task, { type: 'delivered', noticeId, at: now }),
  notice_returned: (task, { noticeId }) => deliver(task, { type: 'returned', noticeId }),
  notice_acknowledged: (task, { noticeId }, { now }) => deliver(task, { type: 'acknowledged', noticeId, at: now }),
};

function deliver(task: TaskRecord, input: Parameters<typeof stepNotice>[1]): Decision {
  const stepped = stepNotice(task, input);
  return stepped === task ? UNCHANGED : changed(stepped, ['notice']);
}
