import { createHook } from 'node:async_hooks';

interface Origin {
  readonly timer: WeakRef<NodeJS.Timeout>;
  readonly line: string;
}

/**
 * Remembers where each timer was made. Node counts timers but does not name them, and the test runner's own come and
 * go; by their origin they can be told apart.
 */
export class TimerWatch {
  readonly #origins = new Map<number, Origin>();
  readonly #hook = createHook({
    init: (id, type, _trigger, resource) => {
      if (type !== 'Timeout') return;
      const line = originOf(new Error().stack ?? '');
      if (line !== null) this.#origins.set(id, { timer: new WeakRef(resource as NodeJS.Timeout), line });
    },
    destroy: (id) => void this.#origins.delete(id),
  });

  start(): void {
    this.#hook.enable();
  }

  stop(): void {
    this.#hook.disable();
    this.#origins.clear();
  }

  /** The lines of code whose timers still run and keep this process alive. */
  running(): string[] {
    const alive = [...this.#origins.values()].filter(({ timer }) => timer.deref()?.hasRef() === true);
    return alive.map(({ line }) => line);
  }
}

const HERE = /leak-check\.[jt]s[:?]/;
const RUNNER = /node_modules\/(?:@?vitest|tinypool)\//;

/** The innermost line outside Node and this file; null where it is the test runner's or our own look. */
function originOf(stack: string): string | null {
  const frames = stack.split('\n').slice(1);
  const frame = frames.find((line) => !/node:|timer-watch\.|<anonymous>\)?$/.test(line));
  if (frame === undefined || HERE.test(frame) || RUNNER.test(frame)) return null;
  return frame.trim();
}
