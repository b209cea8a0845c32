import { type Command, CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';
import { FIELD_WORDS } from './field-words.ts';
import { terminalOutput } from './output.ts';
import { createProgram, overrideExits } from './program.ts';
import { allCommands } from './unknown-command.ts';

const program = () =>
  createProgram({ config: readConfig({}, false), output: terminalOutput(false), cwd: '/nonexistent' });

const withInner = (command: Command): Command[] => [command, ...command.commands.flatMap(withInner)];

/** What is said of a command line that is none, without what commander adds to it for every error. */
async function said(...args: readonly string[]): Promise<string> {
  const tried = program();
  let printed = '';
  for (const command of withInner(tried))
    command.showHelpAfterError(false).configureOutput({ writeErr: (text) => void (printed += text) });
  const error: unknown = await overrideExits(tried)
    .parseAsync(args, { from: 'user' })
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CommanderError);
  expect((error as CommanderError).exitCode).not.toBe(0);
  return printed;
}

const asks = (word: string, names: string): string => `error: unknown command '${word}'\n(Did you mean ${names}?)\n`;

describe('a command that does not exist', () => {
  it('C-15: is asked for by our word, where others call one of the same group so', async () => {
    expect(await said('task', 'land')).toBe(asks('land', 'merge'));
    expect(await said('task', 'land', '3f2a', '--into', 'main')).toBe(asks('land', 'merge'));
    // Spelt almost like "ls", but meant otherwise.
    expect(await said('task', 'logs', '3f2a')).toBe(asks('logs', 'output'));
    expect(await said('jobs')).toBe(asks('jobs', 'task'));
    expect(await said('coordinator', 'limit')).toBe(asks('limit', 'set'));
  });

  it('C-15: is asked for in full, where it is that of another group', async () => {
    expect(await said('merge', '3f2a')).toBe(asks('merge', '"roundhouse task merge"'));
    expect(await said('land')).toBe(asks('land', '"roundhouse task merge"'));
    expect(await said('task', 'doctor')).toBe(asks('doctor', '"roundhouse doctor"'));
    const several = '"roundhouse task output", "roundhouse coordinator log"';
    expect(await said('logs')).toBe(asks('logs', `one of ${several}`));
  });

  it('C-15: is asked for as it is spelt, where it is spelt almost like one', async () => {
    expect(await said('tsk')).toBe(asks('tsk', 'task'));
    expect(await said('task', 'mrege', '3f2a')).toBe(asks('mrege', 'merge'));
    // One that is called so elsewhere is farther off than one here with a letter too many.
    expect(await said('task', 'showw')).toBe(asks('showw', 'show'));
  });

  it('C-15: is answered with those that there are, where nothing is like it', async () => {
    expect(await said('breaker', 'xyzzy')).toBe("error: unknown command 'xyzzy'\n(There are: ls, open, close)\n");
    expect(await said('xyzzy')).toMatch(/^error: unknown command 'xyzzy'\n\(There are: up, demo, .*, doctor\)\n$/);
  });

  it('says nothing more of other mistakes than commander does', async () => {
    expect(await said('task', 'ls', '--jsno')).toBe("error: unknown option '--jsno'\n(Did you mean --json?)\n");
    expect(await said('task', 'show')).toBe("error: missing required argument 'task'\n");
  });
});

describe('the words of others', () => {
  it('each lead to a command that there is, and none of them is one of its group', () => {
    const commands = allCommands(program()).map(({ words }) => words);
    for (const [words, others] of Object.entries(FIELD_WORDS)) {
      expect(commands).toContain(words);
      const group = words.includes(' ') ? `${words.slice(0, words.lastIndexOf(' '))} ` : '';
      for (const other of others) expect(commands, `${other} for ${words}`).not.toContain(`${group}${other}`);
    }
  });
});
