import type { Task } from '@roundhouse/contracts';
import { fit, oneLine, type Output, table } from '../output.ts';
import { stateWords } from '../state-words.ts';
import type { TaskResult } from './task-result.ts';

/** What a log of a run shows: one line a change, each with the time since the start; nothing is redrawn. */
export interface Progress {
  /** About the run as a whole. */
  say(text: string): void;
  /** About one task or check. */
  tell(name: string, words: string, tone?: 'good' | 'bad' | 'quiet'): void;
  /** The last lines of what a program printed, set off. */
  quote(text: string): void;
  /** Milliseconds since the last line. */
  silentMs(): number;
}

const NAME_WIDTH = 24;
const QUOTED_LINES = 15;
const MAX_QUOTED_WIDTH = 300;

export function createProgress(output: Output, now: () => number = () => performance.now()): Progress {
  const { dim, green, red, bold } = output.colour;
  const startedAt = now();
  let lastAt = startedAt;
  const line = (text: string): void => {
    lastAt = now();
    output.line(`${dim(clockWords(lastAt - startedAt))}  ${text}`);
  };
  return {
    say: (text) => line(text),
    tell(name, words, tone) {
      const paint = tone === 'good' ? green : tone === 'bad' ? red : tone === 'quiet' ? dim : (text: string) => text;
      line(`${bold(fit(oneLine(name), NAME_WIDTH).padEnd(NAME_WIDTH))} ${paint(words)}`);
    },
    quote(text) {
      const lines = text.trimEnd().split('\n').slice(-QUOTED_LINES);
      for (const quoted of lines)
        output.line(`${' '.repeat(9)}  ${dim('|')} ${quoted.trimEnd().slice(0, MAX_QUOTED_WIDTH)}`);
    },
    silentMs: () => now() - lastAt,
  };
}

/** `   9.8 s`, `4:05 min`, `1:02:03 h`. */
export function clockWords(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`.padStart(9);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}:${two(seconds % 60)} min`.padStart(9);
  return `${Math.floor(seconds / 3_600)}:${two((seconds % 3_600) / 60)}:${two(seconds % 60)} h`.padStart(9);
}

/** One task in a few words, with what keeps it waiting. */
export const pulseWords = (task: Task): string =>
  `${oneLine(task.name)} ${stateWords(task)}${task.attention === null ? '' : ` (${oneLine(task.attention)})`}`;

/** The table at the end. */
export function summaryTable(
  output: Output,
  results: readonly Pick<TaskResult, 'name' | 'outcome' | 'reason' | 'durationMs'>[],
): string {
  const { green, red, dim } = output.colour;
  const signs = { passed: green('✓'), failed: red('✗'), skipped: dim('-') };
  const rows = results.map(({ name, outcome, reason, durationMs }) => [
    signs[outcome],
    oneLine(name),
    outcome === 'skipped' ? '' : clockWords(durationMs),
    reason === null ? outcome : `${outcome}: ${reason}`,
  ]);
  return table(rows, null);
}
