import type { ServerResponse } from 'node:http';

/** One answer that goes on for as long as the client stays: written at the client's pace, with a wait that others may end. */
export interface PushLine {
  /** Resolves when the client can take more; false: it is gone, or took nothing for too long and was cut. */
  send(text: string): Promise<boolean>;
  /** Resolves at a stir since the last one, at the client's going, or after `ms`. */
  stirred(ms: number): Promise<void>;
  readonly stir: () => void;
  /** Says a last word and ends the answer in order. */
  end(text: string): Promise<void>;
  /** Cuts what is still open. */
  close(): void;
}

export function createPushLine(response: ServerResponse, stallMs: number): PushLine {
  let pending = false;
  let wake: () => void = () => undefined;
  const stir = (): void => {
    pending = true;
    wake();
  };
  response.on('close', stir);
  response.on('drain', stir);
  // A connection that breaks while it is written to closes as well; that is all there is to know of it.
  response.on('error', stir);

  const stirred = async (ms: number): Promise<void> => {
    if (!pending && !response.destroyed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    pending = false;
  };

  /** False where the buffer did not empty in time. */
  const drained = async (): Promise<boolean> => {
    const until = performance.now() + stallMs;
    while (response.writableNeedDrain && !response.destroyed) {
      const left = until - performance.now();
      if (left <= 0) return false;
      await stirred(left);
    }
    // Whatever stirred meanwhile, perhaps the feed, is looked at next.
    pending = true;
    return !response.destroyed;
  };

  return {
    stir,
    stirred,
    async send(text) {
      if (response.destroyed) return false;
      if (response.write(text)) return true;
      if (await drained()) return true;
      response.destroy();
      return false;
    },
    async end(text) {
      if (response.destroyed) return;
      await new Promise<void>((resolve) => {
        response.once('close', resolve);
        response.end(text, resolve);
      });
    },
    close() {
      if (!response.writableFinished) response.destroy();
    },
  };
}
