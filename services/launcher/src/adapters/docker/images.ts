import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@roundhouse/host';
import { SandboxesAwayError } from '../../ports.ts';
import { EngineRefusal } from './engine-call.ts';
import type { Engine, ImageFacts } from './engine.ts';

const PROGRESS_EVERY_MS = 5_000;
/** Below the lease of a start (90 s): an attempt whose image is still on its way is handed back, not burnt. */
const PATIENCE_MS = 45_000;

/** Sees to it that images are there; who asks for one that is being pulled waits for that pull. */
export class Images {
  readonly #engine: Engine;
  readonly #log: Logger;
  readonly #pulls = new Map<string, Promise<void>>();

  constructor(engine: Engine, log: Logger) {
    this.#engine = engine;
    this.#log = log;
  }

  /**
   * Throws words for a person where the image is not there and cannot be had, and SandboxesAwayError where it is being
   * pulled for long; the pull goes on, and a later call finds it.
   */
  async have(image: string): Promise<ImageFacts> {
    const there = await this.#engine.image(image);
    if (there !== null) return there;
    let pulling = this.#pulls.get(image);
    if (pulling === undefined) {
      pulling = this.#pull(image).finally(() => this.#pulls.delete(image));
      this.#pulls.set(image, pulling);
    }
    await patiently(image, pulling);
    const pulled = await this.#engine.image(image);
    if (pulled === null) throw new Error(`the image ${image} was pulled and is not there`);
    return pulled;
  }

  async #pull(image: string): Promise<void> {
    this.#log.info({ image }, 'an image is not there and is being pulled');
    const startedAt = Date.now();
    let saidAt = startedAt;
    const progress = (words: string): void => {
      if (Date.now() - saidAt < PROGRESS_EVERY_MS) return;
      saidAt = Date.now();
      this.#log.info({ image, words: words.slice(0, 200) }, 'an image is being pulled');
    };
    try {
      await this.#engine.pull(image, progress);
    } catch (error) {
      if (error instanceof SandboxesAwayError) throw error;
      const words = error instanceof EngineRefusal ? error.message : String(error);
      throw new Error(`the image ${image} is not there and cannot be pulled: ${words.slice(0, 500)}`, { cause: error });
    }
    this.#log.info({ image, ms: Date.now() - startedAt }, 'an image was pulled');
  }
}

async function patiently(image: string, pulling: Promise<void>): Promise<void> {
  const over = new AbortController();
  const late = delay(PATIENCE_MS, undefined, { signal: over.signal }).then(() => {
    throw new SandboxesAwayError(`the image ${image} is still being pulled`);
  });
  late.catch(() => undefined);
  try {
    await Promise.race([pulling, late]);
  } finally {
    over.abort();
  }
}
