import fc from 'fast-check';
import { parse as parseJson } from 'jsonc-parser';
import { parse as parseToml, stringify } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { editJson } from './edit-json.ts';
import { editToml } from './edit-toml.ts';

const ENTRY = { url: 'http://127.0.0.1:7401/mcp', headers: { Authorization: 'Bearer x' } };

describe('a JSON text', () => {
  it('MC-3: keeps its comments, its order and its layout', () => {
    const text =
      '{\n  // mine\n  "theme": "dark",\n  "mcpServers": {\n    "other": { "command": "x" }, // too\n  },\n}\n';
    const after = editJson(text, 'mcpServers', 'roundhouse', ENTRY);
    for (const line of ['  // mine', '  "theme": "dark",']) expect(after.split('\n')).toContain(line);
    expect(after).toContain('// too');
    const tabs = editJson('{\r\n\t"a": {}\r\n}\r\n', 'mcpServers', 'r', ENTRY);
    expect(tabs).toContain('\r\n\t"mcpServers": {\r\n\t\t"r": {\r\n');
    expect(parseJson(after)).toEqual({ theme: 'dark', mcpServers: { other: { command: 'x' }, roundhouse: ENTRY } });
    expect(editJson(after, 'mcpServers', 'roundhouse', ENTRY)).toBe(after);
    expect(parseJson(editJson(after, 'mcpServers', 'roundhouse', undefined))).toEqual(parseJson(text));
  });

  it('MC-3: is made where there is none, and refused where it is none', () => {
    expect(JSON.parse(editJson('', 'servers', 'r', ENTRY))).toEqual({ servers: { r: ENTRY } });
    for (const text of ['[]', '{"a"', 'null', '"x"', '{"servers": 3}', '{"servers": []}'])
      expect(() => editJson(text, 'servers', 'r', ENTRY)).toThrow(/object/);
  });
});

describe('a TOML text', () => {
  const text = [
    'model = "o" # which',
    '',
    '[mcp_servers.other]',
    'command = "x"',
    '',
    '[mcp_servers.roundhouse]',
    'url = "old"',
    '',
    '[mcp_servers.roundhouse.http_headers]',
    'a = "b"',
    '',
    '# what follows',
    '[profiles.p]',
    'model = "q"',
    '',
  ].join('\n');

  it('MC-3: keeps all its other lines', () => {
    const after = editToml(text, 'mcp_servers', 'roundhouse', ENTRY);
    for (const line of ['model = "o" # which', '[mcp_servers.other]', '[profiles.p]', 'model = "q"'])
      expect(after.split('\n')).toContain(line);
    expect(parseToml(after)).toEqual({
      model: 'o',
      mcp_servers: { other: { command: 'x' }, roundhouse: ENTRY },
      profiles: { p: { model: 'q' } },
    });
    expect(editToml(after, 'mcp_servers', 'roundhouse', ENTRY)).toBe(after);
    const out = editToml(after, 'mcp_servers', 'roundhouse', undefined);
    expect(parseToml(out)).toMatchObject({ mcp_servers: { other: { command: 'x' } } });
    expect(out).not.toContain('roundhouse');
  });

  it('MC-3: is refused where it is none, or the entry is written in a way of its own', () => {
    for (const odd of [
      'x = ',
      'mcp_servers = { roundhouse = { url = "x" } }',
      'mcp_servers = 3',
      'mcp_servers.roundhouse.url = "x"',
    ])
      expect(() => editToml(odd, 'mcp_servers', 'roundhouse', ENTRY)).toThrow(/TOML|only its author/);
  });
});

const key = fc.stringMatching(/^[a-z]{1,6}$/);
const leaf = fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.boolean(), fc.integer({ min: -99, max: 99 }));
const settings = fc.dictionary(
  key.filter((name) => name !== 'servers'),
  fc.oneof(leaf, fc.dictionary(key, leaf, { maxKeys: 3, noNullPrototype: true })),
  { maxKeys: 4, noNullPrototype: true },
);
const servers = fc.dictionary(key, fc.dictionary(key, leaf, { maxKeys: 3, noNullPrototype: true }), {
  maxKeys: 3,
  noNullPrototype: true,
});

describe('any settings', () => {
  it.each([
    ['JSON', editJson, (value: object) => JSON.stringify(value, null, 4), (text: string) => parseJson(text) as unknown],
    ['TOML', editToml, (value: object) => stringify(value), (text: string) => parseToml(text) as unknown],
  ] as const)(
    'MC-3: of %s are the same afterwards but for the entry, and the same again without it',
    (_format, edit, write, read) => {
      fc.assert(
        fc.property(settings, servers, (others, known) => {
          const before = { ...others, servers: { ...known, other: { a: 1 } } };
          const text = write(before);
          const after = edit(text, 'servers', 'round-house', ENTRY);
          expect(read(after)).toEqual({ ...before, servers: { ...before.servers, 'round-house': ENTRY } });
          expect(read(edit(after, 'servers', 'round-house', undefined))).toEqual(before);
        }),
      );
    },
  );
});
