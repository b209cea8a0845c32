import type { Rendering, RenderOrder } from '../../ports/output.ts';
import { OutputReader } from './output-reader.ts';

type Wanted = Omit<RenderOrder, 'taskId' | 'attempt'> & { readonly file: string };

/** Each holds a terminal of up to 6 MB: somebody reads on, somebody follows the end, of a few attempts at once. */
const MOST_READERS = 8;

interface Shelved {
  readonly file: string;
  readonly reader: OutputReader;
}

/** The readers of recordings that were used last, so that whoever reads on has nothing read again. */
export class ReaderShelf {
  #shelved: Shelved[] = [];
  readonly #turns = new Map<string, Promise<unknown>>();

  /** One recording is read by one at a time. @throws what the signal says. */
  async page(wanted: Wanted, signal: AbortSignal): Promise<Rendering> {
    const before = this.#turns.get(wanted.file) ?? Promise.resolve();
    const turn = before.catch(() => undefined).then(() => this.#read(wanted, signal));
    this.#turns.set(wanted.file, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(wanted.file) === turn) this.#turns.delete(wanted.file);
    }
  }

  async #read({ file, from, limit, ...size }: Wanted, signal: AbortSignal): Promise<Rendering> {
    const reader = this.#take(file, from) ?? new OutputReader(file, size);
    try {
      const page = await pageOf(reader, from, limit, signal);
      this.#keep({ file, reader });
      return page;
    } catch (error) {
      // One that was stopped goes on from where it is; of one that failed nothing is known.
      if (signal.aborted) this.#keep({ file, reader });
      else reader.close();
      throw error;
    }
  }

  #keep(shelved: Shelved): void {
    this.#shelved.push(shelved);
    while (this.#shelved.length > MOST_READERS) this.#shelved.shift()?.reader.close();
  }

  /** The reader that has read furthest of those that still remember what is asked for. */
  #take(file: string, from: Wanted['from']): OutputReader | null {
    const fit = this.#shelved
      .filter((shelved) => shelved.file === file && (typeof from === 'string' || shelved.reader.first <= from))
      .toSorted((one, other) => other.reader.offset - one.reader.offset)[0];
    if (fit === undefined) return null;
    this.#shelved = this.#shelved.filter((shelved) => shelved !== fit);
    return fit.reader;
  }
}

function pageOf(reader: OutputReader, from: Wanted['from'], limit: number, signal: AbortSignal): Promise<Rendering> {
  if (from === 'end') return reader.tail(limit, signal);
  return from === 'screen' ? reader.screen(limit, signal) : reader.page(from, limit, signal);
}
