import { createServer, type Server, type Socket } from 'node:net';
import { LineAllowance } from '../../domain/line-allowance.ts';
import type { Logger } from '../../logger.ts';
import { dial, type TcpAddress } from '../../sockets/dial.ts';
import { join } from '../../sockets/join.ts';

/** Runners dial again and again while the coordinator is away; so many lines a second say it. */
const LINES_PER_SECOND = 1;

/**
 * Makes servers that put each connection through to one address and look at no byte. Where the address does not answer,
 * the connection is closed at once: who dialled knows best when to try again. Idle connections live on, as long as the
 * other end's machine answers.
 */
export function passThroughs(to: TcpAddress, log: Logger): () => Server {
  const lines = new LineAllowance(LINES_PER_SECOND);
  const take = (near: Socket): void => {
    // It may break while the other end is dialled; a socket without a listener would end the process.
    near.on('error', () => near.destroy());
    if (near.destroyed) return;
    putThrough(near, to).catch((error: unknown) => {
      near.destroy();
      const leftOut = isAbandoned(error) ? null : lines.take(Date.now());
      if (leftOut !== null) log.warn({ err: error, ...to, leftOut }, 'a connection could not be put through');
    });
  };
  return () => createServer({ allowHalfOpen: true }, take);
}

async function putThrough(near: Socket, to: TcpAddress): Promise<void> {
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  near.once('close', abort);
  try {
    join(near, await dial(to, gone.signal), { idleMs: null });
  } finally {
    near.off('close', abort);
  }
}

const isAbandoned = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
