import { stripVTControlCharacters } from 'node:util';
import { type InputOf, type OPERATIONS, type OutputOf, RoundhouseError } from '@roundhouse/contracts';
import { PAGE_BYTES, pageLength } from '../domain/page.ts';
import { ownTask } from './access.ts';
import type { Caller, Deps } from './deps.ts';

/** A cursor names the attempt and the byte it goes on from. */
const CURSOR = /^(\d{1,7})\.(\d{1,12})$/;

export async function readOutput(
  deps: Deps,
  caller: Caller,
  input: InputOf<typeof OPERATIONS.readOutput>,
): Promise<OutputOf<typeof OPERATIONS.readOutput>> {
  const task = await ownTask(deps, caller, input.id);
  const [, attemptText, offsetText] =
    input.cursor === undefined ? ['', String(task.attempt), '0'] : (CURSOR.exec(input.cursor) ?? []);
  const attempt = Number(attemptText);
  if (attemptText === undefined || attempt < 1 || attempt > task.attempt) {
    throw new RoundhouseError('cursor_invalid', 'the cursor is malformed or of an attempt that never was');
  }
  const { size } = await deps.recordings.read(task.id, attempt, 0, 0);
  const offset = input.cursor === undefined && input.tail ? Math.max(0, size - PAGE_BYTES) : Number(offsetText);
  const { data, skipped } = await deps.recordings.read(task.id, attempt, offset, PAGE_BYTES + 1);
  const length = pageLength(data);
  const next = offset + length;
  const bytes = data.subarray(0, length).toString('utf8');
  return {
    text: input.raw ? bytes : plain(bytes),
    nextCursor: `${attempt}.${next}`,
    attempt,
    more: next < size,
    skippedBytes: skipped,
  };
}

// eslint-disable-next-line no-control-regex -- the point of this expression is control characters
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Escape sequences and control characters gone, line ends as on the screen: what a model or a log may read. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/\r+\n/g, '\n').replace(CONTROL, '');
}
