import { isDeepStrictEqual } from 'node:util';
import { parse, stringify } from 'smol-toml';
import { NotEditableError } from './edit-json.ts';

type Table = Record<string, unknown>;

/** The head of a table, as TOML 1.0 writes it; what stands between the brackets is its name. */
const HEAD = /^[ \t]*\[\[?([^\]]+)\]\]?[ \t]*(?:#.*)?$/;

/**
 * Puts a table into a TOML text (undefined takes it out); every other line stays as it is. No parser for this language keeps
 * comments, so lines are moved, and the outcome is read to see that nothing else has changed.
 * @throws NotEditableError where the text is no TOML, or where its author wrote the table in a way that lines cannot be moved of
 */
export function editToml(text: string, section: string, name: string, entry: object | undefined): string {
  const before = read(text);
  const kept = withoutTable(text, section, name);
  const after = entry === undefined ? kept : append(kept, stringify({ [section]: { [name]: entry } }));
  const wanted = without(before, section, name);
  const found = read(after);
  const unchanged = isDeepStrictEqual(without(found, section, name), wanted);
  const there = (found[section] as Table | undefined)?.[name];
  if (!unchanged || !isDeepStrictEqual(there, entry === undefined ? undefined : read(stringify(entry))))
    throw new NotEditableError(`it has "${section}.${name}" in a form that only its author can change`);
  return after;
}

function read(text: string): Table {
  try {
    return parse(text);
  } catch (error) {
    throw new NotEditableError(`it is not TOML: ${(error as Error).message.split('\n')[0] ?? ''}`);
  }
}

/** Without the tables of that name and those below it. */
function withoutTable(text: string, section: string, name: string): string {
  const own = [section, name];
  const kept: string[] = [];
  let inside = false;
  for (const line of text.split('\n')) {
    const head = HEAD.exec(line)?.[1];
    if (head !== undefined) inside = isDeepStrictEqual(keysOf(head).slice(0, 2), own);
    if (!inside) kept.push(line);
  }
  return kept.join('\n');
}

/** A dotted key as its parts. */
const keysOf = (head: string): string[] =>
  [...head.matchAll(/"([^"]*)"|'([^']*)'|([^.\s]+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  );

function append(text: string, block: string): string {
  if (text.trim() === '') return `${block.trimEnd()}\n`;
  return `${text.trimEnd()}\n\n${block.trimEnd()}\n`;
}

/** Tables that hold nothing but the one that was taken out stand for nothing. */
function without(root: Table, section: string, name: string): Table {
  const { [section]: entries, ...rest } = root;
  const { [name]: _own, ...others } = (entries ?? {}) as Table;
  return Object.keys(others).length === 0 ? rest : { ...rest, [section]: others };
}
