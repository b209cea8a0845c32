export type Status = 'idle' | 'working' | 'done' | 'error';

const osc = (text: string): string => `\u001b]7501;${text}\u001b\\`;

/** Says over OSC 7501 what the agent is doing; question and options are percent-encoded, for they may have any character. */
export const statusSequence = (state: Status): string => osc(`state=${state}`);

export const questionSequence = (question: string, options: readonly string[]): string =>
  osc(
    `state=blocked:kind=question:msg=${encodeURIComponent(question)}` +
      (options.length === 0 ? '' : `:opts=${options.map((option) => encodeURIComponent(option)).join('|')}`),
  );
