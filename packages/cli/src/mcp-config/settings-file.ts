import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '@roundhouse/host';
import { z } from 'zod';
import { EXIT, Failure } from '../failure.ts';
import type { McpClient } from './clients.ts';
import { editJson, NotEditableError } from './edit-json.ts';
import { editToml } from './edit-toml.ts';

const ONLY_MINE = 0o600;

const Record = z.object({
  file: z.string(),
  name: z.string(),
  /** What the file held before, null where there was none, and its mode. */
  before: z.string().nullable(),
  mode: z.int().nullable(),
  /** SHA-256 of what was written. */
  after: z.string(),
  /** The token that was made for it, to be revoked with it. */
  tokenId: z.string().nullable(),
});
type Record = z.infer<typeof Record>;

export interface Place {
  readonly client: Pick<McpClient, 'format' | 'section'>;
  /** The client's settings, absolute. */
  readonly file: string;
  /** Under which name the client knows the gateway. */
  readonly name: string;
  /** Where it is remembered what was there before; private. */
  readonly records: string;
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const recordOf = ({ records, file, name }: Place): string =>
  join(records, `${digest(`${file}\n${name}`).slice(0, 32)}.json`);

/**
 * Puts the entry into a client's settings, readable by their owner alone from then on; what else they hold stays. What was
 * there before is remembered for `undoEntry`, also over several writes.
 * @throws Failure where the file is none that this may write, or that this can read
 */
export async function writeEntry(place: Place, entry: object, tokenId: string | null): Promise<void> {
  const { file, name } = place;
  const found = await readSettings(file);
  const text = edited(place, found?.text ?? '', entry);
  const known = await readRecord(place);
  const goesOn = known !== null && found !== null && digest(found.text) === known.after;
  const record: Record = {
    file,
    name,
    before: goesOn ? known.before : (found?.text ?? null),
    mode: goesOn ? known.mode : (found?.mode ?? null),
    after: digest(text),
    tokenId,
  };
  await mkdir(place.records, { recursive: true, mode: 0o700 });
  await mkdir(dirname(file), { recursive: true });
  // First the way back: a crash in between leaves a record of what was never written, which undoes nothing.
  await writeFileAtomic(recordOf(place), JSON.stringify(record), { mode: ONLY_MINE });
  // There is a token in it, and a file keeps the mode that it has.
  if (found !== null && (found.mode & 0o077) !== 0) await chmod(file, found.mode & 0o700);
  await writeFileAtomic(file, text, { mode: ONLY_MINE });
}

export interface Undone {
  /** `restored`: byte for byte what it was; `taken_out`: others have changed it since, and only the entry is gone. */
  readonly outcome: 'restored' | 'taken_out';
  readonly tokenId: string | null;
}

/** Takes back what `writeEntry` did. @throws Failure where it did nothing */
export async function undoEntry(place: Place): Promise<Undone> {
  const record = await readRecord(place);
  if (record === null) throw new Failure(`nothing was written to ${place.file} from here`, { exitCode: EXIT.notFound });
  const found = await readSettings(place.file);
  const outcome = found !== null && digest(found.text) === record.after ? 'restored' : 'taken_out';
  if (outcome === 'restored') await restore(record);
  else if (found !== null) await writeFileAtomic(place.file, edited(place, found.text, undefined), { mode: ONLY_MINE });
  await rm(recordOf(place), { force: true });
  return { outcome, tokenId: record.tokenId };
}

async function restore({ file, before, mode }: Record): Promise<void> {
  if (before === null) return await rm(file);
  await writeFileAtomic(file, before, { mode: ONLY_MINE });
  if (mode !== null) await chmod(file, mode);
}

function edited({ client: { format, section }, file, name }: Place, text: string, entry: object | undefined): string {
  try {
    return format === 'json' ? editJson(text, section, name, entry) : editToml(text, section, name, entry);
  } catch (error) {
    if (!(error instanceof NotEditableError)) throw error;
    const hint = 'It is left as it was. Leave out --write and put in by hand what is printed then.';
    throw new Failure(`${file} cannot be changed: ${error.message}`, { hint, cause: error });
  }
}

async function readSettings(file: string): Promise<{ text: string; mode: number } | null> {
  const found = await lstat(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found === null) return null;
  if (!found.isFile()) {
    // Often into a repository of such files, where a token must not lie.
    const hint = 'Name the file itself with --file, if a token may lie there.';
    throw new Failure(`${file} is a link, or no file`, { hint, exitCode: EXIT.usage });
  }
  return { text: await readFile(file, 'utf8'), mode: found.mode & 0o777 };
}

async function readRecord(place: Place): Promise<Record | null> {
  const text = await readFile(recordOf(place), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  return text === null ? null : Record.parse(JSON.parse(text));
}
