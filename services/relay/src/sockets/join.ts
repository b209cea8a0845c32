import type { Socket } from 'node:net';

/** How long the rest of a half-closed connection may be silent, milliseconds: the longest wait of the API, twice. */
const HALF_CLOSED_IDLE_MS = 120_000;

export interface JoinBounds {
  /** After so many milliseconds without a byte either way both are ended. Null: never. */
  readonly idleMs: number | null;
  readonly halfClosedIdleMs?: number;
}

/**
 * Makes one connection of two: bytes both ways at the pace of the slower reader, an end of one direction passed on, and
 * a connection that breaks breaks the other. Both must allow half-open. It owns both from here on.
 */
export function join(near: Socket, far: Socket, bounds: JoinBounds): void {
  const { idleMs, halfClosedIdleMs = HALF_CLOSED_IDLE_MS } = bounds;
  const endBoth = (): void => {
    near.destroy();
    far.destroy();
  };
  for (const [one, other] of [
    [near, far],
    [far, near],
  ] as const) {
    one.on('error', () => {
      // What is cut must not look whole: TCP can say so, a Unix socket can only close. What was ended is whole, and Node
      // does not close a socket that is reset while its end is on its way.
      if (other === far && !far.destroyed && !far.writableEnded) far.resetAndDestroy();
      else other.destroy();
    });
    one.once('end', () => far.setTimeout(Math.min(idleMs ?? halfClosedIdleMs, halfClosedIdleMs)));
    // One that ended both ways has given all to the other, which may still be writing it out.
    one.once('close', () => {
      if (!one.readableEnded || !one.writableFinished) other.destroy();
    });
    one.pipe(other);
  }
  // Every byte passes `far`, so its silence is that of both.
  far.on('timeout', endBoth);
  far.setTimeout(idleMs ?? 0);
  if (near.destroyed) far.destroy();
}
