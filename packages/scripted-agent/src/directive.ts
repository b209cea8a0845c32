import type { ServerName } from './call-tool.ts';
import type { Screen } from './screen.ts';

/** What a directive works with. */
export interface Bench {
  readonly screen: Screen;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** The exact bytes of the prompt that is being carried out. */
  readonly prompt: Buffer;
  /** Shows a question and resolves with the next prompt. */
  ask(question: string, options: readonly string[]): Promise<string>;
  /** From now on, so many Enters after a paste are not noticed. */
  swallowEnters(count: number): void;
  /** Shows that it waits, and resolves with the next prompt. @throws when the signal aborts */
  nextPrompt(signal: AbortSignal): Promise<string>;
  /** What `@let` has kept, by name, for as long as the agent runs. */
  readonly kept: Map<string, string>;
  /** The answer of the last tool that was called, as JSON text; null: none was. */
  lastAnswer(): string | null;
  /** Calls a tool of an MCP server; resolves with its answer as JSON text. @throws with the typed error. */
  callTool(server: ServerName, name: string, input: Record<string, unknown>): Promise<string>;
}

/** `rest` is what stands behind the name; `block` the lines of `<<WORD`, if any. Throws to stop the prompt. */
export type Directive = (bench: Bench, rest: string, block: string | null) => Promise<void> | void;

/** The first word of `rest` and what is left. @throws where it is missing. */
export function firstWord(rest: string, what: string): [string, string] {
  const found = /^(\S+)(?:\s+([\s\S]*))?$/.exec(rest.trim());
  if (found === null) throw new Error(`${what} is missing`);
  return [found[1] as string, found[2] ?? ''];
}

export function numberIn(text: string, what: string, most: number): number {
  const value = Number(text.trim());
  if (!Number.isInteger(value) || value < 0 || value > most || text.trim() === '') {
    throw new Error(`${what} is a whole number from 0 to ${most}`);
  }
  return value;
}

/** Puts what `@let` has kept in the place of `$NAME`. @throws where nothing of that name was kept. */
export const withKept = (text: string, kept: ReadonlyMap<string, string>): string =>
  text.replace(/\$([A-Z][A-Z0-9_]*)/g, (_whole, name: string) => {
    const value = kept.get(name);
    if (value === undefined) throw new Error(`nothing was kept as ${name}`);
    return value;
  });
