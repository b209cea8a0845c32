import { RoundhouseError } from '@roundhouse/contracts';
import { oneLine, printable } from '../output.ts';
import type { Call } from './patient-call.ts';

/** How long closing may take; what is not gone by then is ended together with the service, or is that service's to end. */
const CLOSE_MS = 120_000;

/** The last page of what the terminal showed, at most 10,000 characters, without control characters. */
export const lastOutput = async (call: Call, id: string): Promise<string> =>
  printable((await call('readOutput', { id, tail: true })).text).trimEnd();

/** Closes a task and waits until all of it is gone. Answers null, or in words why that is not sure. */
export async function closeTask(call: Call, id: string, signal: AbortSignal): Promise<string | null> {
  const until = performance.now() + CLOSE_MS;
  try {
    // "closing" is asked again: each answer comes after at most 55 s.
    while (performance.now() < until) {
      const { outcome } = await call('closeTask', { id }, { signal });
      if (outcome === 'closed') return null;
    }
    return `it is not gone after ${CLOSE_MS / 1_000} s`;
  } catch (error) {
    if (signal.aborted) return null;
    return oneLine(error instanceof RoundhouseError ? `${error.code}: ${error.message}` : String(error));
  }
}
