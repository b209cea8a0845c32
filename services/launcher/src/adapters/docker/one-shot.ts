import { randomUUID } from 'node:crypto';
import type { SandboxLimits } from '@roundhouse/contracts';
import type { ContainerPlan } from './containers.ts';
import type { DockerBase } from './docker-parts.ts';
import { LABEL } from './names.ts';

/** What came of a container that does one thing and ends. */
export type OneShotEnd =
  | { readonly exitCode: number; readonly words: string }
  /** It did not end within its bound, or was told to stop, and was ended. */
  | { readonly exitCode: null };

export interface OneShotPlan extends Omit<ContainerPlan, 'labels' | 'mark' | 'limits'> {
  readonly slot: string | null;
  readonly limits: SandboxLimits;
  readonly boundMs: number;
}

/** Runs containers that do one thing and end, and leaves nothing of them. */
export class OneShots {
  readonly #runs = new Set<string>();

  /** Those that are waited for: what else the engine has of this kind is a leftover. */
  get runs(): ReadonlySet<string> {
    return this.#runs;
  }

  async run(plan: OneShotPlan, parts: DockerBase, signal: AbortSignal): Promise<OneShotEnd> {
    const { engine, containers, watch, doors } = parts;
    const { slot, boundMs, name } = plan;
    signal.throwIfAborted();
    const run = randomUUID();
    this.#runs.add(run);
    try {
      const labels = { [LABEL.run]: run, ...(slot === null ? {} : { [LABEL.slot]: slot }) };
      const id = await containers.create({ ...plan, labels, mark: name });
      try {
        if (plan.doorsOf !== null) await doors.opened(plan.doorsOf, signal);
        await engine.start(id);
        const bound = AbortSignal.any([signal, AbortSignal.timeout(boundMs)]);
        const isOver = await watch.ended(id, bound).then(
          () => true,
          (error: unknown) => {
            if (bound.aborted) return false;
            throw error;
          },
        );
        if (!isOver) return { exitCode: null };
        const found = await engine.inspect(id);
        return { exitCode: found?.exitCode ?? -1, words: await engine.lastWords(id) };
      } finally {
        // Where the engine is away this cannot be: it is a leftover then, and goes when the engine is back.
        await engine.remove(id).catch((error: unknown) => parts.log.warn({ name, err: error }, 'a container is left'));
      }
    } finally {
      this.#runs.delete(run);
    }
  }
}
