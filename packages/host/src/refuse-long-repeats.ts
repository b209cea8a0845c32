/** What is used of a terminal's parser of escape sequences; xterm's is one. */
export interface SequenceParser {
  /** A handler that answers true has the sequence left out. */
  registerCsiHandler(
    sequence: { readonly final: string },
    handler: (parameters: (number | number[])[]) => boolean,
  ): unknown;
}

/** What moves by tabs and moves lines; and what prints the last character again (b), which may fill a row. */
const MOVING = ['I', 'L', 'M', 'S', 'T', 'Z'] as const;
const PRINTING = 'b';

/**
 * Has a terminal without a window leave out what says that it is to be done more often than shows on its screen. It would do that
 * one by one: 2^31 times, as a sequence of twelve bytes may say, is the end of the process that reads it.
 */
export function refuseLongRepeats(
  parser: SequenceParser,
  { cols, rows }: { readonly cols: number; readonly rows: number },
): void {
  const atMost = (final: string, most: number): void => {
    parser.registerCsiHandler({ final }, ([count]) => typeof count === 'number' && count > most);
  };
  for (const final of MOVING) atMost(final, Math.max(cols, rows));
  atMost(PRINTING, cols);
}
