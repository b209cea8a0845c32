import type { Writable } from 'node:stream';

const STYLES = {
  dim: '\u001b[2m',
  red: '\u001b[31m',
  green: '\u001b[32m',
  cyan: '\u001b[36m',
  yellow: '\u001b[33m',
} as const;

/** What the agent prints. The terminal is in raw mode, which leaves "\n" to "\r\n" to the line discipline. */
export class Screen {
  readonly #out: Writable;

  constructor(out: Writable) {
    this.#out = out;
  }

  raw(text: string): void {
    this.#out.write(text);
  }

  line(text: string, style?: keyof typeof STYLES): void {
    this.#out.write(style === undefined ? `${text}\n` : `${STYLES[style]}${text}\u001b[0m\n`);
  }

  /** Writes and resolves when the terminal has taken it: for what is more than a few lines. */
  flushed(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#out.write(text, (error) => (error ? reject(error) : resolve()));
    });
  }
}
