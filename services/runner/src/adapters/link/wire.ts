import { CoordinatorMessage, type RunnerMessage } from '@roundhouse/contracts';
import type { RawData } from 'ws';

export const encode = (message: RunnerMessage): string => JSON.stringify(message);

/** The message in a frame, or null where it is none of the protocol. */
export function decode(data: RawData, isBinary: boolean): CoordinatorMessage | null {
  if (isBinary) return null;
  try {
    return CoordinatorMessage.parse(JSON.parse((data as Buffer).toString('utf8')));
  } catch {
    return null;
  }
}
