import type { ProgramStatus } from './program-status.ts';

/**
 * What proves that a prompt was taken: the status, or also that the screen shows it; or the program's own record of its
 * conversation, where that comes after its status.
 */
export type AcceptedBy = 'status' | 'screen' | 'record';

/** What may prove it. */
export type ProofInput =
  | { readonly type: 'status'; readonly status: ProgramStatus }
  /** The screen shows the prompt that was typed. */
  | { readonly type: 'echoed' }
  /** The program has it on record. */
  | { readonly type: 'recorded' };

/** `begun`: the status says that it was taken, and that it is on record is waited for. */
export type Proof = 'none' | 'begun' | 'taken';

/** When it is asked: as soon as there is something, when time is up, when the agent has ended, or has to be started again. */
export type ProofMoment = 'at_once' | 'overdue' | 'gone' | 'lost';

const ENOUGH: Readonly<Record<Proof, Readonly<Record<ProofMoment, boolean>>>> = {
  none: { at_once: false, overdue: false, gone: false, lost: false },
  // A record that does not come is none that we know: the status is proof enough then. Who is started again goes by its record.
  begun: { at_once: false, overdue: true, gone: true, lost: false },
  taken: { at_once: true, overdue: true, gone: true, lost: true },
};

/** Whether a prompt counts as accepted by what is known of it at that moment. */
export const isAccepted = (proof: Proof, moment: ProofMoment): boolean => ENOUGH[proof][moment];

/**
 * What is proven of a prompt from the Enter on, one step, pure: it never grows less.
 *
 * @param answering whether the agent was asking something when the prompt was typed
 */
export function proofAfter(proof: Proof, input: ProofInput, acceptedBy: AcceptedBy, answering: boolean): Proof {
  if (proof === 'taken' || isProof(input, acceptedBy, answering)) return 'taken';
  return acceptedBy === 'record' && tellsOfIt(input, answering) ? 'begun' : proof;
}

function isProof(input: ProofInput, acceptedBy: AcceptedBy, answering: boolean): boolean {
  switch (acceptedBy) {
    case 'record':
      return input.type === 'recorded';
    case 'screen':
      return input.type === 'echoed' || tellsOfIt(input, answering);
    case 'status':
      return tellsOfIt(input, answering);
  }
}

function tellsOfIt(input: ProofInput, answering: boolean): boolean {
  if (input.type !== 'status') return false;
  switch (input.status.state) {
    case 'working':
    case 'done':
    case 'error':
      return true;
    // The same question drawn again is no sign that it was answered.
    case 'blocked':
      return !answering;
    case 'idle':
    case 'clear':
      return false;
  }
}
