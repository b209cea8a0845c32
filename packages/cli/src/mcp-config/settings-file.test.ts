import { chmod, mkdir, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TemporaryFolder, temporaryFolder } from '@roundhouse/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MCP_CLIENTS } from './clients.ts';
import { type Place, undoEntry, writeEntry } from './settings-file.ts';

const ENTRY = { url: 'http://127.0.0.1:7401/mcp', headers: { Authorization: 'Bearer secret' } };
const BEFORE = '{ "theme": "dark" } // mine\n';

let folder: TemporaryFolder;
let place: Place;
beforeEach(async () => {
  folder = await temporaryFolder();
  const file = join(folder.path, 'deep/settings.json');
  place = { client: MCP_CLIENTS.cursor, file, name: 'roundhouse', records: join(folder.path, 'records') };
});
afterEach(() => folder.remove());

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
async function settings(text: string, mode: number): Promise<void> {
  await mkdir(join(folder.path, 'deep'), { recursive: true });
  await writeFile(place.file, text);
  await chmod(place.file, mode);
}

describe('the settings of a client', () => {
  it('MC-4: that were not there are made for their owner alone, and are gone afterwards', async () => {
    await writeEntry(place, ENTRY, null);
    expect(await modeOf(place.file)).toBe(0o600);
    expect(JSON.parse(await readFile(place.file, 'utf8'))).toEqual({ mcpServers: { roundhouse: ENTRY } });
    expect(await undoEntry(place)).toEqual({ outcome: 'restored', tokenId: null });
    expect(await readdir(join(folder.path, 'deep'))).toEqual([]);
    await expect(undoEntry(place)).rejects.toThrow(/nothing was written/);
  });

  it('MC-4: are narrowed while a token is in them, and byte for byte the same after all writes are undone', async () => {
    await settings(BEFORE, 0o644);
    await writeEntry(place, ENTRY, null);
    expect(await modeOf(place.file)).toBe(0o600);
    await writeEntry(place, { ...ENTRY, url: 'http://127.0.0.1:1/mcp' }, 'an-id');
    expect(await undoEntry(place)).toEqual({ outcome: 'restored', tokenId: 'an-id' });
    expect([await readFile(place.file, 'utf8'), await modeOf(place.file)]).toEqual([BEFORE, 0o644]);
    expect(await readdir(place.records)).toEqual([]);
  });

  it('MC-4: that somebody has changed since keep that change', async () => {
    await settings(BEFORE, 0o600);
    await writeEntry(place, ENTRY, null);
    await writeFile(place.file, (await readFile(place.file, 'utf8')).replace('dark', 'light'));
    expect(await undoEntry(place)).toMatchObject({ outcome: 'taken_out' });
    const left = await readFile(place.file, 'utf8');
    expect(left).toContain('"theme": "light"');
    expect(left).not.toContain('secret');
  });

  it('MC-4: are left as they are where they cannot be read, or are a link to elsewhere', async () => {
    await settings('{ "theme": ', 0o600);
    await expect(writeEntry(place, ENTRY, null)).rejects.toThrow(/cannot be changed/);
    expect(await readFile(place.file, 'utf8')).toBe('{ "theme": ');
    const other = join(folder.path, 'other.json');
    await writeFile(other, '{}');
    const linked = { ...place, file: join(folder.path, 'link.json') };
    await symlink(other, linked.file);
    await expect(writeEntry(linked, ENTRY, null)).rejects.toThrow(/link/);
    expect(await readFile(other, 'utf8')).toBe('{}');
  });
});
