import { RoundhouseError } from '@roundhouse/contracts';
import { z } from 'zod';

/** What rows are sorted by: two texts, of which the second is unique. */
type Key = readonly [string, string];
const Position = z.tuple([z.string(), z.string()]);

const compare = ([one, oneId]: Key, [other, otherId]: Key): number =>
  one === other ? (oneId < otherId ? -1 : oneId > otherId ? 1 : 0) : one < other ? -1 : 1;

/**
 * One page of rows that are few enough to be read as a whole (projects, coordinators, tokens, launchers). The cursor is the
 * key of the last row, not a number: rows that come or go meanwhile make no other row come twice or not at all.
 * @throws RoundhouseError `cursor_invalid`
 */
export function pageOf<T>(
  rows: readonly T[],
  keyOf: (row: T) => Key,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): { rows: T[]; nextCursor: string | null } {
  const after = cursor === undefined ? null : parseCursor(cursor);
  const left = rows
    .filter((row) => after === null || compare(keyOf(row), after) > 0)
    .toSorted((one, other) => compare(keyOf(one), keyOf(other)));
  const page = left.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, nextCursor: last === undefined || left.length === page.length ? null : cursorOf(keyOf(last)) };
}

/** The key of whatever is listed by its age. */
export const byAge = ({ createdAt, id }: { readonly createdAt: string; readonly id: string }): Key => [createdAt, id];

const cursorOf = (key: Key): string => Buffer.from(JSON.stringify(key)).toString('base64url');

function parseCursor(cursor: string): Key {
  try {
    return Position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof z.ZodError)) throw error;
    throw new RoundhouseError('cursor_invalid', 'the cursor is not one of ours');
  }
}
