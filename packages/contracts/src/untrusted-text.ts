const NAME = 'untrusted-text';
const ENVELOPE = new RegExp(`^<${NAME} ([\\w-]{12,64})>\\n([^]*)\\n</${NAME} \\1>$`, 'u');

/**
 * Puts a stranger's text between two marks for a model to see where it begins and ends. The boundary is random and made
 * after the text was written, so that nothing in the text can be the end of it.
 */
export const inEnvelope = (text: string, boundary: string): string =>
  `<${NAME} ${boundary}>\n${text}\n</${NAME} ${boundary}>`;

/** The text of an envelope; what is none comes back as it is. For programs that read what was meant for models. */
export const outOfEnvelope = (text: string): string => ENVELOPE.exec(text)?.[2] ?? text;
