import type { Command } from 'commander';
import { FIELD_WORDS } from './field-words.ts';

/** A command below the program, by the words that one types: `task merge`. */
interface Named {
  readonly words: string;
  readonly group: Command;
}

/** All commands of a program with their words, groups before what is in them. */
export function allCommands(group: Command, before = ''): Named[] {
  return group.commands.flatMap((command) => {
    const words = `${before}${command.name()}`;
    return [{ words, group }, ...allCommands(command, `${words} `)];
  });
}

const lastWord = (words: string): string => words.slice(words.lastIndexOf(' ') + 1);

/**
 * What commander says of a command that does not exist, with the ones that may have been meant: those of the same group that
 * others call by that word; those elsewhere that have the very name, and that are called so; unless there is one with the name,
 * rather those that commander finds to be spelt alike; else what the group has. Anything else that it says stays as it is.
 *
 * @param group the command that the unknown one was looked for in
 */
export function withHint(program: Command, group: Command, said: string): string {
  const word = group.args[0] ?? '';
  const unknown = `error: unknown command '${word}'\n`;
  if (!said.startsWith(unknown)) return said;
  const all = allCommands(program);
  const called = all.filter(({ words }) => FIELD_WORDS[words]?.includes(word));
  const here = called.filter((command) => command.group === group).map(({ words }) => lastWord(words));
  if (here.length > 0) return `${unknown}${question(here)}`;
  const named = all.filter(({ words }) => lastWord(words) === word);
  if (named.length === 0 && said !== unknown) return said;
  const elsewhere = [...named, ...called];
  if (elsewhere.length > 0) return `${unknown}${question(elsewhere.map(inFull))}`;
  return `${unknown}(There are: ${group.commands.map((command) => command.name()).join(', ')})\n`;
}

const inFull = ({ words }: Named): string => `"roundhouse ${words}"`;

const question = (names: readonly string[]): string =>
  `(Did you mean ${names.length === 1 ? '' : 'one of '}${names.join(', ')}?)\n`;

/** Lets a program and all groups of it say what may have been meant. Commander has no other place for words of one's own. */
export function hintAtCommands(program: Command, group = program): void {
  group.configureOutput({ outputError: (said, write) => write(withHint(program, group, said)) });
  for (const inner of group.commands) hintAtCommands(program, inner);
}
