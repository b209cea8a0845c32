import {
  type InputOf,
  MAX_RESULT_BYTES,
  type OPERATIONS,
  type OutputOf,
  RoundhouseError,
  type Signal,
  type TaskInput,
  type TaskRecord,
  jsonBytes,
} from '@roundhouse/contracts';
import { PAGE_BYTES, pageLength } from '../../domain/page.ts';
import { ownTask } from '../access.ts';
import type { Caller, Deps } from '../deps.ts';

/** How much of results get_inputs shows beside each other; the others are read one by one. */
const SHOWN_INPUT_BYTES = 6_000;
/** A cursor names the signal and the byte it goes on from, so a page of another result is never taken for this one. */
const CURSOR = /^([0-9a-f-]{36})\.(\d{1,6})$/;

/**
 * The result as it goes with the signal; null: none.
 * @throws RoundhouseError `result_too_large`; `result_invalid` where it does not match the task's schema
 */
export async function checkedResult({ schemas }: Deps, task: TaskRecord, given: unknown): Promise<unknown> {
  const result = given ?? null;
  const bytes = jsonBytes(result);
  if (bytes > MAX_RESULT_BYTES) {
    const words = `the result has ${bytes} bytes of JSON, ${MAX_RESULT_BYTES} is the most`;
    throw new RoundhouseError('result_too_large', words, { bytes, limit: MAX_RESULT_BYTES });
  }
  if (task.resultSchema === null) return result;
  const issues =
    given === undefined
      ? [{ path: '', message: 'the task needs a result, and none was given' }]
      : await schemas.issues(task.resultSchema, result);
  if (issues.length > 0)
    throw new RoundhouseError('result_invalid', 'the result does not match its schema', { issues });
  return result;
}

const signalOf = ({ completion }: TaskRecord): Signal | null =>
  completion.state === 'signalled' ? completion.signal : null;

function resultPage({ id, result, resultBytes }: Signal, cursor: string | undefined) {
  const [, of = id, offsetText = '0'] = cursor === undefined ? [] : (CURSOR.exec(cursor) ?? ['', '']);
  const offset = Number(offsetText);
  if (of !== id || offset > resultBytes)
    throw new RoundhouseError('cursor_invalid', 'the cursor is malformed or of another result');
  const rest = resultBytes === 0 ? Buffer.alloc(0) : Buffer.from(JSON.stringify(result)).subarray(offset);
  const next = offset + pageLength(rest.subarray(0, PAGE_BYTES + 1));
  return {
    text: rest.subarray(0, next - offset).toString('utf8'),
    nextCursor: next < resultBytes ? `${id}.${next}` : null,
  };
}

export async function readResult(
  deps: Deps,
  caller: Caller,
  { id, cursor }: InputOf<typeof OPERATIONS.readResult>,
): Promise<OutputOf<typeof OPERATIONS.readResult>> {
  const task = await ownTask(deps, caller, id);
  const signal = signalOf(task);
  if (signal === null) throw new RoundhouseError('not_signalled', 'the task has not signalled that it is done');
  const { commit, resultBytes: bytes } = signal;
  return { ...resultPage(signal, cursor), commit, bytes, schema: task.resultSchema };
}

export async function getInputs(
  deps: Deps,
  caller: Caller,
  { id, of, cursor }: InputOf<typeof OPERATIONS.getInputs>,
): Promise<OutputOf<typeof OPERATIONS.getInputs>> {
  const { dependsOn, resultSchema } = await ownTask(deps, caller, id);
  const wanted = of === undefined ? dependsOn : dependsOn.filter(({ taskId }) => taskId === of);
  if (of !== undefined && wanted.length === 0)
    throw new RoundhouseError('task_not_found', 'your task does not build on that one');
  const read = await Promise.all(
    wanted.map(async ({ taskId, until }) => ({ until, task: await deps.store.read(taskId) })),
  );
  let left = SHOWN_INPUT_BYTES;
  const inputs = read.flatMap(({ until, task }) => {
    if (task === null) return [];
    const shows = (signalOf(task)?.resultBytes ?? 0) <= left;
    if (shows) left -= signalOf(task)?.resultBytes ?? 0;
    return [inputOf(task, until, shows)];
  });
  const signal = of === undefined ? null : signalOfFirst(read);
  const page = of === undefined ? null : signal === null ? { text: '', nextCursor: null } : resultPage(signal, cursor);
  return { inputs, page, resultSchema };
}

const signalOfFirst = ([first]: readonly { readonly task: TaskRecord | null }[]): Signal | null =>
  first === undefined || first.task === null ? null : signalOf(first.task);

function inputOf(task: TaskRecord, until: TaskInput['until'], shows: boolean): TaskInput {
  const signal = signalOf(task);
  const { landing } = task;
  return {
    taskId: task.id,
    name: task.name,
    until,
    commit: landing.state === 'landed' ? landing.landedAs : (signal?.commit ?? null),
    summary: signal?.summary ?? null,
    result: shows ? (signal?.result ?? null) : null,
    resultBytes: signal?.resultBytes ?? 0,
    schema: task.resultSchema,
  };
}
