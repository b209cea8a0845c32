/** The terminals' output, appended by byte offset under a cap. */
export interface Recordings {
  size(taskId: string, attempt: number): Promise<number>;
  append(taskId: string, attempt: number, offset: number, data: Buffer, skipped: number): Promise<number>;
  read(
    taskId: string,
    attempt: number,
    offset: number,
    length: number,
  ): Promise<{ data: Buffer; size: number; skipped: number }>;
}

/** `from`: the number of a line; `end`: the last lines; `screen`: the screen alone. */
export interface RenderOrder {
  readonly taskId: string;
  readonly attempt: number;
  readonly cols: number;
  readonly rows: number;
  readonly from: number | 'end' | 'screen';
  /** The most characters. */
  readonly limit: number;
}

/** Lines as a terminal shows them, each with its newline unless it goes on in the next one. They may have any character. */
export interface Rendering {
  readonly text: string;
  readonly firstLine: number;
  /** Where to go on: after what is here, or with what may still change where nothing follows now. */
  readonly nextLine: number;
  readonly lines: number;
  /** How many of the last lines may still change. */
  readonly unsettled: number;
  readonly more: boolean;
  /** Lines of a screen that did not fit. */
  readonly dropped: number;
}

/** Recordings as lines. The same bytes give the same lines, however they came; a line that scrolled off keeps its number. */
export interface Renderings {
  /** @throws RoundhouseError `output_not_rendered`. */
  render(order: RenderOrder): Promise<Rendering>;
}
