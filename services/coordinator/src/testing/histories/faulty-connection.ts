import type { ChainableCommander, Redis } from 'ioredis';

/** What goes wrong with one command: `unsent`, it never left; `lost`, it was carried out and its answer did not come back. */
export type FaultKind = 'unsent' | 'lost';

export interface Fault {
  readonly kind: FaultKind;
  /** How many commands go well before it. */
  readonly after: number;
  /** True: the process is gone with it, and everything that it sends later is unsent. */
  readonly crash: boolean;
}

export class FaultError extends Error {
  override readonly name = 'FaultError';
}

/** Counts what is on its way to Redis, for whoever waits until all is quiet. */
export interface Traffic {
  sent: number;
  open: number;
}

/** One process's way to Redis, over a connection that all share: so the order of commands is the order of the program. */
export interface FaultyConnection {
  readonly redis: Redis;
  readonly crashed: boolean;
  arm(fault: Fault): void;
  disarm(): void;
  /** From now on nothing is sent. */
  cut(): void;
}

export function faultyConnection(real: Redis, traffic: Traffic): FaultyConnection {
  let fault: Fault | null = null;
  let left = 0;
  let crashed = false;

  /** A transaction is one unit: it is sent whole, or not at all. */
  const unit = async <T>(send: () => Promise<T>): Promise<T> => {
    if (crashed) throw new FaultError('the process is gone');
    let hit: Fault | null = null;
    if (fault !== null) {
      if (left === 0) {
        hit = fault;
        fault = null;
        crashed = hit.crash;
      }
      left -= 1;
    }
    if (hit?.kind === 'unsent') throw new FaultError('the command was not sent');
    traffic.sent += 1;
    traffic.open += 1;
    try {
      const answer = await send();
      // Also where the process was cut meanwhile: nobody is there to read it.
      if (hit !== null || crashed) throw new FaultError('the answer was lost');
      return answer;
    } finally {
      traffic.open -= 1;
    }
  };

  const redis = Object.create(real) as Redis;
  const own: Pick<Redis, 'sendCommand' | 'multi' | 'pipeline'> = {
    // What belongs to a transaction comes with a stream; `exec` below stands for it.
    sendCommand: (command, stream) =>
      stream === undefined
        ? unit(async () => await (real.sendCommand(command) as Promise<unknown>))
        : real.sendCommand(command, stream),
    multi: ((...args: []) => guarded(real.multi.apply(redis, args))) as Redis['multi'],
    pipeline: (...args) => guarded(real.pipeline.apply(redis, args)),
  };
  Object.assign(redis, own);

  function guarded(commands: ChainableCommander): ChainableCommander {
    const exec = commands.exec.bind(commands);
    commands.exec = () => unit(exec);
    return commands;
  }

  return {
    redis,
    get crashed() {
      return crashed;
    },
    arm(next) {
      fault = next;
      left = next.after;
    },
    disarm() {
      fault = null;
    },
    cut() {
      crashed = true;
    },
  };
}
