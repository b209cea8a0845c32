export type Status = 'idle' | 'working' | 'done' | 'error';

const osc = (text: string): string => `\u001b]7501;${text}\u001b\\`;

/** Says over OSC 7501 what the agent is doing; question and options are percent-encoded, for they may have any character. */
export const statusSequence = (state: Status): string => osc(`state=${state}`);

/** Says that the quota is used up, until an instant where one is known. */
export const quotaSequence = (reason: string, until: string | null): string =>
  osc(
    `state=error:kind=quota:msg=${encodeURIComponent(reason)}` +
      (until === null ? '' : `:until=${encodeURIComponent(until)}`),
  );

export const questionSequence = (question: string, options: readonly string[]): string =>
  osc(
    `state=blocked:kind=question:msg=${encodeURIComponent(question)}` +
      (options.length === 0 ? '' : `:opts=${options.map((option) => encodeURIComponent(option)).join('|')}`),
  );
