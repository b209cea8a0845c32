import type { Task } from '@roundhouse/contracts';
import { fit, oneLine, type Output, table } from '../output.ts';
import { stateWords } from '../state-words.ts';

/** A picture of the tasks that stays at the bottom of the terminal, and lines of a story above it. */
export interface Board {
  tell(line: string): void;
  show(tasks: readonly Task[]): void;
  /** Leaves the last picture where it is. */
  end(): void;
}

/** Redraws in place where a person looks at a terminal; else prints a line for each change. */
export function createBoard(output: Output, interactive: boolean, now: () => number = Date.now): Board {
  const startedAt = now();
  const clock = (): string => output.colour.dim(`${((now() - startedAt) / 1_000).toFixed(1).padStart(5)} s`);
  return interactive ? liveBoard(output, clock) : plainBoard(output, clock);
}

function liveBoard(output: Output, clock: () => string): Board {
  let drawn = 0;
  let picture: string[] = [];
  // One write each, so that the terminal never shows half of it.
  const redraw = (above: readonly string[]): void => {
    const up = drawn > 0 ? `\u001b[${drawn}A\r\u001b[J` : '';
    output.raw(`${up}${[...above, ...picture].map((line) => `${fit(line, output.columns)}\n`).join('')}`);
    drawn = picture.length;
  };
  return {
    tell: (line) => redraw([`${clock()}  ${line}`]),
    show(tasks) {
      picture = ['', ...table(boardRows(tasks, output.colour), output.columns).split('\n')];
      redraw([]);
    },
    end: () => {
      drawn = 0;
    },
  };
}

function plainBoard(output: Output, clock: () => string): Board {
  const last = new Map<string, string>();
  const tell = (line: string): void => output.line(`${clock()}  ${line}`);
  return {
    tell,
    show(tasks) {
      for (const task of tasks.toReversed()) {
        const words = stateWords(task);
        if (last.get(task.id) !== words) tell(`  ${oneLine(task.name).padEnd(14)} ${words}`);
        last.set(task.id, words);
      }
    },
    end: () => undefined,
  };
}

export function boardRows(tasks: readonly Task[], colour: Output['colour']): string[][] {
  const oldestFirst = tasks.toSorted((one, other) =>
    one.createdAt < other.createdAt ? -1 : one.createdAt > other.createdAt ? 1 : 0,
  );
  return oldestFirst.map((task) => {
    const paint = { good: colour.green, bad: colour.red, busy: colour.cyan, quiet: colour.dim }[toneOf(task)];
    return [paint('●'), oneLine(task.name), colour.dim(task.branch), paint(stateWords(task))];
  });
}

function toneOf({ lifecycle, landing, completion }: Task): 'good' | 'bad' | 'busy' | 'quiet' {
  if (landing.state === 'landed') return 'good';
  if (landing.state === 'conflicted' || landing.state === 'failed' || lifecycle.state === 'ended') return 'bad';
  if (completion.state === 'signalled' || lifecycle.state === 'running') return 'busy';
  return 'quiet';
}
