import { applyEdits, modify, type ParseError, parse } from 'jsonc-parser';

/** Text that this cannot be put into, in words for a person. */
export class NotEditableError extends Error {
  override readonly name = 'NotEditableError';
}

/** The layout of what is put in: the text's own. */
const layoutOf = (text: string) => ({
  formattingOptions: {
    insertSpaces: !/^\t/m.test(text),
    tabSize: /^ +/m.exec(text)?.[0].length ?? 2,
    eol: text.includes('\r\n') ? '\r\n' : '\n',
  },
});

/**
 * Puts an entry into a JSON text that may have comments (undefined takes it out); all else keeps its content, comments and order.
 * @throws NotEditableError where the text is no JSON object
 */
export function editJson(text: string, section: string, name: string, entry: object | undefined): string {
  const base = text.trim() === '' ? '{}\n' : text;
  const errors: ParseError[] = [];
  const root: unknown = parse(base, errors, { allowTrailingComma: true });
  if (errors.length > 0 || !isObject(root)) throw new NotEditableError('it is not a JSON object');
  const known = root[section];
  if (known !== undefined && !isObject(known)) throw new NotEditableError(`its "${section}" is not an object`);
  if (entry === undefined && !Object.hasOwn(known ?? {}, name)) return text;
  return applyEdits(base, modify(base, [section, name], entry, layoutOf(base)));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
