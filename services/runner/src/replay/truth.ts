import type { Reading } from '../domain/activity.ts';

/** What was so at a mark, and what was read there. */
export interface Read {
  readonly truth: Reading['state'];
  readonly read: Reading['state'];
}

export interface Score {
  readonly precision: number;
  readonly recall: number;
  /** At how many marks it was so. */
  readonly marks: number;
}

/**
 * What the name of a mark says was true there, beside what was read: none, where it says nothing. After a step that timed
 * out nobody knows.
 */
export function truthOf(marks: readonly { readonly mark: string }[], index: number, read: Reading['state']): Read[] {
  const name = marks[index]?.mark ?? '';
  if (marks[index - 1]?.mark.startsWith('timeout:') === true) return [];
  if (name.startsWith('busy')) return [{ truth: 'busy', read }];
  if (/^(?:permission|blocked)/.test(name)) return [{ truth: 'waiting_input', read }];
  return /^(?:idle|interrupted|done)/.test(name) ? [{ truth: 'idle', read }] : [];
}

/** How well one state was read: of all that was read so, and of all that was so. 1 where there is nothing of the kind. */
export function scoreOf(state: Reading['state'], rows: readonly Read[]): Score {
  const hits = rows.filter(({ truth, read }) => truth === state && read === state).length;
  const read = rows.filter((row) => row.read === state).length;
  const marks = rows.filter((row) => row.truth === state).length;
  return { precision: read === 0 ? 1 : hits / read, recall: marks === 0 ? 1 : hits / marks, marks };
}
