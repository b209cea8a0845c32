import {
  AGENT_TERMINAL,
  type InputOf,
  type OPERATIONS,
  type OutputOf,
  RoundhouseError,
  plainText,
} from '@roundhouse/contracts';
import { PAGE_BYTES, pageLength } from '../domain/page.ts';
import { ownTask } from './access.ts';
import type { Caller, Deps } from './deps.ts';

type Output = OutputOf<typeof OPERATIONS.readOutput>;

/** A cursor names the attempt and where it goes on: a line, or, of raw output, a byte (`r`). */
const CURSOR = /^(\d{1,7})\.(r?)(\d{1,12})$/;

export async function readOutput(
  deps: Deps,
  caller: Caller,
  input: InputOf<typeof OPERATIONS.readOutput>,
): Promise<Output> {
  const task = await ownTask(deps, caller, input.id);
  const { form, tail } = input;
  const place = placeOf(input.cursor, form, task.attempt);
  if (form === 'raw') return rawPage(deps, task.id, place.attempt, place.at ?? (tail ? 'end' : 0));
  const { attempt } = place;
  const from = form === 'screen' ? form : (place.at ?? (tail ? 'end' : 0));
  const [page, { skipped }] = await Promise.all([
    deps.renderings.render({ taskId: task.id, attempt, ...AGENT_TERMINAL, from, limit: PAGE_BYTES }),
    deps.recordings.read(task.id, attempt, 0, 0),
  ]);
  return {
    text: plainText(page.text),
    nextCursor: `${attempt}.${page.nextLine}`,
    form,
    attempt,
    more: page.more,
    firstLine: page.firstLine,
    lines: page.lines,
    changingLines: page.unsettled,
    droppedLines: page.dropped,
    skippedBytes: skipped,
  };
}

function placeOf(
  cursor: string | undefined,
  form: Output['form'],
  last: number,
): { attempt: number; at: number | null } {
  if (cursor === undefined) return { attempt: last, at: null };
  const [, attempt, kind, at] = CURSOR.exec(cursor) ?? [];
  const fits = (kind === 'r') === (form === 'raw') && Number(attempt) <= last;
  if (!fits) throw new RoundhouseError('cursor_invalid', 'the cursor is malformed, or of another form or attempt');
  return { attempt: Number(attempt), at: Number(at) };
}

async function rawPage(deps: Deps, taskId: string, attempt: number, from: number | 'end'): Promise<Output> {
  const { size } = await deps.recordings.read(taskId, attempt, 0, 0);
  const offset = from === 'end' ? Math.max(0, size - PAGE_BYTES) : from;
  const { data, skipped } = await deps.recordings.read(taskId, attempt, offset, PAGE_BYTES + 1);
  const length = pageLength(data);
  const next = offset + length;
  return {
    text: data.subarray(0, length).toString('utf8'),
    nextCursor: `${attempt}.r${next}`,
    form: 'raw',
    attempt,
    more: next < size,
    firstLine: null,
    lines: null,
    changingLines: 0,
    droppedLines: 0,
    skippedBytes: skipped,
  };
}
