import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Directive, firstWord } from '../directive.ts';
import { splitArguments, unescapeText } from '../split-arguments.ts';

/** A text file ends in a newline, whether or not the directive's one line says so. */
const asLines = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);

const contentOf = (text: string, block: string | null): string => block ?? asLines(unescapeText(text));

export const write: Directive = async ({ screen }, rest, block) => {
  const [path, text] = firstWord(rest, 'the path');
  await mkdir(dirname(resolve(path)), { recursive: true });
  await writeFile(path, contentOf(text, block));
  screen.line(`wrote ${path}`, 'green');
};

export const append: Directive = async ({ screen }, rest, block) => {
  const [path, text] = firstWord(rest, 'the path');
  await mkdir(dirname(resolve(path)), { recursive: true });
  await appendFile(path, contentOf(text, block));
  screen.line(`appended to ${path}`, 'green');
};

export const replace: Directive = async ({ screen }, rest) => {
  const [path, before, after, ...more] = splitArguments(rest);
  if (path === undefined || before === undefined || after === undefined || more.length > 0) {
    throw new Error('give a path, the old text and the new text, each of the two in quotes');
  }
  const text = await readFile(path, 'utf8');
  if (!text.includes(before)) throw new Error(`${path} does not contain ${JSON.stringify(before)}`);
  await writeFile(
    path,
    text.replace(before, () => after),
  );
  screen.line(`replaced in ${path}`, 'green');
};

export const remove: Directive = async ({ screen }, rest) => {
  const [path] = firstWord(rest, 'the path');
  await rm(path, { recursive: true });
  screen.line(`deleted ${path}`, 'green');
};

export const savePrompt: Directive = async ({ screen, prompt }, rest) => {
  const [path] = firstWord(rest, 'the path');
  await writeFile(path, prompt);
  screen.line(`saved the prompt, ${prompt.length} bytes, to ${path}`, 'green');
};
