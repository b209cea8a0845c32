import { type Asked, type OfferedTool, type Standing, standingOf } from './conversation.ts';
import { leastInstance } from './least-instance.ts';
import { type NamedCall, offeredShell, offeredTool } from './offered-tools.ts';

/**
 * A call of a tool by its bare name, whatever the program calls it, or a command for the shell that it has. `outside`: for
 * which a program with a sandbox of its own must be asked to leave it.
 */
export type ScriptedCall =
  { readonly tool: string; readonly args?: object } | { readonly shell: string; readonly outside?: boolean };

export interface Reply {
  readonly text?: string;
  readonly calls?: readonly ScriptedCall[];
  /** It is sent once this has resolved: so long the program is busy. */
  readonly after?: Promise<unknown>;
}

/** What is said to a prompt, one reply after another; beyond the last one there is only a word. */
export interface Turn {
  readonly prompt: RegExp;
  readonly replies: readonly (Reply | ((standing: Standing) => Reply))[];
}

export type Script = readonly Turn[];

/** A reply as it is sent. `missing` names what the script called and the program does not offer. */
export interface Answer {
  readonly text: string;
  readonly calls: readonly NamedCall[];
  readonly missing: readonly string[];
  readonly after: Promise<unknown>;
}

const plain = (text: string): Answer => ({ text, calls: [], missing: [], after: Promise.resolve() });

/** What the model says, read off the conversation alone, so that one model serves many programs at once. */
export function answerOf(script: Script, asked: Asked): Answer {
  if (asked.tools.length === 0) return plain(asked.schema === undefined ? 'ok' : leastInstance(asked.schema));
  const patterns = script.map(({ prompt }) => prompt);
  const standing = standingOf(asked.items, patterns);
  if (standing === null) return plain('The script knows no answer to that.');
  const next = script[standing.pattern]?.replies[standing.replies];
  if (next === undefined) return plain('That is all.');
  const { text = '', calls = [], after = Promise.resolve() } = typeof next === 'function' ? next(standing) : next;
  const named = calls.map((call) => namedCall(call, asked.tools));
  const missing = named.filter((call) => typeof call === 'string');
  return {
    text: [text, ...missing.map((name) => `There is no ${name}.`)].join(' ').trim(),
    calls: named.filter((call) => typeof call !== 'string'),
    missing,
    after,
  };
}

/** Or the name of what there is not. */
function namedCall(call: ScriptedCall, offered: readonly OfferedTool[]): NamedCall | string {
  if ('shell' in call) return offeredShell(call, offered) ?? 'shell';
  const tool = offeredTool(call.tool, offered);
  return tool === undefined ? `tool ${call.tool}` : { tool, args: call.args ?? {} };
}
