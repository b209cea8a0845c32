/** One line of a prompt, or a directive with the lines of its block. */
export type Item =
  | { readonly kind: 'prose'; readonly text: string }
  | { readonly kind: 'directive'; readonly name: string; readonly rest: string; readonly block: string | null };

const DIRECTIVE = /^@([a-z][a-z-]*)(?:[ \t]+(.*))?$/;
const BLOCK = /(?:^|[ \t])<<([A-Za-z][A-Za-z0-9_]*)$/;

/**
 * Divides a prompt into directives (lines that begin with "@") and prose. A directive that ends in `<<WORD` takes all lines
 * up to one that is WORD as its block. @throws where a block is not closed.
 */
export function parsePrompt(prompt: string): Item[] {
  const lines = prompt.split(/\r\n|\r|\n/);
  const items: Item[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] as string;
    const directive = DIRECTIVE.exec(line.trimEnd());
    if (directive === null) {
      if (line.startsWith('@'))
        throw new Error(`line ${index + 1} begins with "@" but is no directive: ${line.slice(0, 60)}`);
      if (line.trim() !== '') items.push({ kind: 'prose', text: line });
      continue;
    }
    const [, name = '', rest = ''] = directive;
    const block = BLOCK.exec(rest);
    if (block === null) {
      items.push({ kind: 'directive', name, rest, block: null });
      continue;
    }
    const end = lines.indexOf(block[1] as string, index + 1);
    if (end < 0) throw new Error(`the block of @${name} in line ${index + 1} is not closed by ${block[1]}`);
    const text = lines
      .slice(index + 1, end)
      .map((inner) => `${inner}\n`)
      .join('');
    items.push({ kind: 'directive', name, rest: rest.slice(0, block.index).trim(), block: text });
    index = end;
  }
  return items;
}
