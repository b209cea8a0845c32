/** How the program of an agent ended, and what was known of it. */
export interface AgentDeath {
  readonly code: number | null;
  readonly signal: string | null;
  /** Whether its kind can go on where it was. */
  readonly canResume: boolean;
  /** Whether it was ever seen to take prompts, to work or to ask since it was started. */
  readonly booted: boolean;
  /** Whether it had been started with its conversation. */
  readonly resumed: boolean;
  /** What is known of the prompts so far. */
  readonly furthest: 'nothing' | 'typed' | 'accepted';
  /** Whether a person has the keyboard: how a program exits then is what they made of it. */
  readonly held: boolean;
  /** How often it was started again in this attempt. */
  readonly restarts: number;
}

/** Three in an attempt: what dies a fourth time dies of something that starting again does not mend. */
export const MAX_RESTARTS = 3;

/**
 * What is done when the program of an agent has ended: the attempt ends with it, or it is started again, with its conversation
 * (`resume`) or, where no prompt is known to be in one, without (`anew`). What changes between the tries: it had come up in
 * between; one that did not come up with its conversation is tried once without, where nothing is lost by that.
 */
export function afterDeath(death: AgentDeath): 'end' | 'resume' | 'anew' {
  const { code, signal, canResume, booted, resumed, furthest, held, restarts } = death;
  const crashed = signal !== null || (code !== 0 && !held);
  if (!crashed || !canResume || restarts >= MAX_RESTARTS) return 'end';
  if (booted) return furthest === 'nothing' ? 'anew' : 'resume';
  return resumed && furthest !== 'accepted' ? 'anew' : 'end';
}
