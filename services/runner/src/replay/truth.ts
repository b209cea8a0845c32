import type { Reading } from '../domain/activity.ts';
import { type Happened, possibleStates } from './possible-states.ts';

type State = Reading['state'];

/** What was so at a mark or in a frame, and what was read there. `possible`: all that the recording leaves open, never nothing. */
export interface Read {
  readonly possible: readonly State[];
  readonly read: State;
}

export interface Score {
  readonly precision: number;
  readonly recall: number;
  /** Of how many it is told that it was so. */
  readonly told: number;
  /** Of how many it is not told whether it was so: whatever is read there counts neither for nor against. */
  readonly untold: number;
}

/** What was read at the marks that tell something, and in all frames, of one recording, in order. */
export interface Rows {
  readonly marks: readonly (Read & { readonly mark: string })[];
  readonly frames: readonly (Read & { readonly t: number })[];
}

/** All that the replay of one recording tells that counts, in order. A frame is told at its end. */
export type Seen =
  | { readonly type: 'mark'; readonly t: number; readonly mark: string; readonly state: State }
  | { readonly type: 'typed'; readonly t: number; readonly text: string }
  | { readonly type: 'frame'; readonly t: number; readonly state: State };

/** Puts the truth beside what was read. */
export function rowsOf(seen: readonly Seen[]): Rows {
  let before = '';
  const happened = seen.map((one): Happened => {
    if (one.type !== 'mark') return one;
    const told = truthOf(one.mark, before);
    before = one.mark;
    return one.mark === 'end' ? { type: 'over' } : { type: 'mark', told };
  });
  const possible = possibleStates(happened);
  return {
    marks: seen.flatMap((one, index) => {
      const at = happened[index];
      if (one.type !== 'mark' || at?.type !== 'mark' || at.told === null) return [];
      return [{ possible: [at.told], read: one.state, mark: one.mark }];
    }),
    frames: seen.flatMap((one, index) =>
      one.type === 'frame' ? [{ possible: possible[index] ?? [], read: one.state, t: one.t }] : [],
    ),
  };
}

/** What the name of a mark says was true there; null: nothing. After a step that timed out nobody knows. */
function truthOf(mark: string, before: string): 'idle' | 'busy' | 'waiting_input' | null {
  if (before.startsWith('timeout:')) return null;
  if (mark.startsWith('busy')) return 'busy';
  if (/^(?:permission|blocked)/.test(mark)) return 'waiting_input';
  return /^(?:idle|interrupted|done)/.test(mark) ? 'idle' : null;
}

/** How many rows leave more than one state open. */
export const untoldOf = (rows: readonly Read[]): number => rows.filter(({ possible }) => possible.length > 1).length;

/**
 * How well one state was read: of all that was read so and can be told, and of all that is told to have been so. 1 where there
 * is nothing of the kind. What cannot have been so is wrong, also where it is not told what it was instead.
 */
export function scoreOf(state: State, rows: readonly Read[]): Score {
  const open = rows.filter(({ possible }) => possible.includes(state));
  const told = open.filter(({ possible }) => possible.length === 1);
  const hits = told.filter(({ read }) => read === state).length;
  const wrong = rows.filter(({ read, possible }) => read === state && !possible.includes(state)).length;
  return {
    precision: hits + wrong === 0 ? 1 : hits / (hits + wrong),
    recall: told.length === 0 ? 1 : hits / told.length,
    told: told.length,
    untold: open.length - told.length,
  };
}

/** The states that are scored: an agent is prompted when it is idle, and answered when it waits. */
export const SCORED = ['idle', 'waiting_input', 'busy'] as const;

/** One line for each state: how well it was read in these rows. */
export const scoreLines = (rows: readonly Read[], name: 'marks' | 'frames'): string[] =>
  SCORED.map((state) => {
    const { precision, recall, told, untold } = scoreOf(state, rows);
    const open = untold === 0 ? '' : `, untold of ${untold}`;
    return `${state}: precision ${precision}, recall ${recall}, ${told} ${name}${open}`;
  });
