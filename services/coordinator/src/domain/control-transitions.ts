import { MAX_QUEUED_INPUTS, type TaskRecord } from '@roundhouse/contracts';
import { UNCHANGED, changed } from './change.ts';
import type { Circumstances, Decision, TransitionHandler } from './decision.ts';
import type { EventType } from './events.ts';
import { raiseBeside } from './notices.ts';
import { holdsNow, humanHolds, nextControl } from './regions/control.ts';
import { typedOnTop } from './typed.ts';

type ControlEvents = Extract<
  EventType,
  'control_taken' | 'control_returned' | 'control_expired' | 'input_requested' | 'input_reported'
>;

/** The refusal that says who holds the keyboard, and until when. */
export function heldByHuman({ control }: TaskRecord): Decision {
  const { who, until } = control.holder === 'human' ? control : { who: null, until: '' };
  return {
    kind: 'refused',
    code: 'human_control',
    message: `a person (${who?.label ?? 'unnamed'}) holds the keyboard until ${until} at the latest`,
    details: { until, holder: who },
  };
}

export const CONTROL_HANDLERS: { readonly [T in ControlEvents]: TransitionHandler<T> } = {
  control_taken: (task, { who, until, force }, { now }) => {
    const control = nextControl(task.control, { type: 'taken', who, until, force }, now);
    if (control === 'held') return heldByHuman(task);
    // A hold that begins has a summary of its own, once all of the one before is typed and told.
    const begins = !humanHolds(task.control, now) && task.inputs.length === 0;
    return changed({ ...task, control, typed: begins ? null : task.typed }, ['control']);
  },

  control_returned: (task, { tokenId, force }, circumstances) => {
    const control = nextControl(task.control, { type: 'returned', tokenId, force }, circumstances.now);
    if (control === 'held') return heldByHuman(task);
    return control === task.control ? UNCHANGED : handBack({ ...task, control }, circumstances);
  },

  control_expired: (task, _event, circumstances) => {
    const control = nextControl(task.control, { type: 'expired' }, circumstances.now);
    return control === 'held' || control === task.control ? UNCHANGED : handBack({ ...task, control }, circumstances);
  },

  input_requested: (task, { inputId, text, tokenId }, { now }) => {
    if (task.inputs.some(({ id }) => id === inputId)) return UNCHANGED;
    if (!humanHolds(task.control, now))
      return { kind: 'refused', code: 'control_not_held', message: 'nobody holds the keyboard of the task' };
    if (!holdsNow(task.control, tokenId, now)) return heldByHuman(task);
    if (task.closing !== null) return { kind: 'refused', code: 'task_ended', message: 'the task is being closed' };
    if (task.inputs.length >= MAX_QUEUED_INPUTS)
      return { kind: 'refused', code: 'input_queue_full', message: 'too much waits to be typed' };
    const ordinal = task.inputsTotal + 1;
    return changed({ ...task, inputs: [...task.inputs, { id: inputId, ordinal, text }], inputsTotal: ordinal }, [
      'control',
    ]);
  },

  input_reported: (task, { inputId, typed, shown }, circumstances) => {
    const input = task.inputs.find(({ id }) => id === inputId);
    if (input === undefined) return UNCHANGED;
    const inputs = task.inputs.filter((other) => other !== input);
    const told: TaskRecord = { ...task, inputs, typed: typed ? typedOnTop(task.typed, input.text, shown) : task.typed };
    if (inputs.length > 0 || task.control.holder === 'human') return changed(told, []);
    return handBack(told, circumstances);
  },
};

/** The keyboard is the coordinator's again. It is told what was typed once all of it is: not before, and once. */
function handBack(task: TaskRecord, circumstances: Circumstances): Decision {
  const { task: told, isTold } = tellTyped(task, circumstances);
  return changed(told, isTold ? ['control', 'notice'] : ['control']);
}

export function tellTyped(task: TaskRecord, circumstances: Circumstances): { task: TaskRecord; isTold: boolean } {
  const { typed, inputs, control } = task;
  if (typed === null || inputs.length > 0 || control.holder === 'human') return { task, isTold: false };
  return { task: raiseBeside(task, 'control', { typed }, circumstances), isTold: true };
}
