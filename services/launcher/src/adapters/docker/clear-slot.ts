import { SandboxesAwayError } from '../../ports.ts';
import type { DockerBase } from './docker-parts.ts';

/** From the kill until we say that it cannot be ended. */
const END_MS = 20_000;

/**
 * Ends every process of a slot's container; throws when one is left. What never ran is removed. `over`: there was nothing
 * to end any more.
 */
export async function endSlot(slot: string, parts: DockerBase): Promise<'killed' | 'over'> {
  const { engine, watch, containers } = parts;
  const id = await containers.ofSlot(slot);
  if (id === null) return 'over';
  const found = await engine.inspect(id);
  if (found === null || found.status === 'exited' || found.status === 'dead') return 'over';
  // A start of it may still be under way in the engine, asked for by a launcher that was killed since.
  if (found.status === 'created') {
    await engine.remove(id);
    return 'over';
  }
  await engine.kill(id, 'SIGKILL');
  const bound = new AbortController();
  const words = new Error(`container ${id.slice(0, 12)} still runs ${END_MS} ms after it was killed`);
  const timer = setTimeout(() => bound.abort(words), END_MS);
  try {
    await watch.ended(id, bound.signal);
    return 'killed';
  } finally {
    clearTimeout(timer);
  }
}

/** Removes all that there is of a slot, its handle last. Twice is fine. There must be nothing to save in it. */
export async function clearSlot(slot: string, { containers, storage, handles }: DockerBase): Promise<void> {
  await containers.removeOf(slot);
  await storage.remove(slot);
  await storage.discard(slot);
  await handles.drop(slot);
}

/** The same after something failed: what cannot be cleared now is said, and is found again by list or the next start. */
export async function clearAfterFault(slot: string, parts: DockerBase): Promise<void> {
  await clearSlot(slot, parts).catch((error: unknown) => {
    if (error instanceof SandboxesAwayError) return;
    parts.log.warn({ slot, err: error }, 'what is left of a sandbox could not be removed');
  });
}

/** Rejects with words for a person as soon as the container does not run (any more); `over` ends the wait. */
export async function diesEarly(id: string, over: AbortSignal, { engine, watch }: DockerBase): Promise<never> {
  await watch.ended(id, over);
  const found = await engine.inspect(id);
  const words = await engine.lastWords(id);
  const how = found?.isOomKilled === true ? 'ran out of memory' : `ended with ${found?.exitCode ?? 'unknown'}`;
  throw new Error(`the runner ${how} before it had begun${words === '' ? '' : `: ${words.slice(-700)}`}`);
}
