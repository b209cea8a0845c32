import type { CallToolResult } from '@modelcontextprotocol/server';
import { type ErrorBody, RoundhouseError, UnreachableError } from '@roundhouse/contracts';
import { forModel, rawForModel, withoutUnseen } from './untrusted.ts';

/** Who wrote what an answer holds: `strangers`, or the reader and who directs it (`own`); `raw`: strangers, as it was printed. */
export type Writers = 'strangers' | 'own' | 'raw';

const RENDER = { strangers: forModel, own: withoutUnseen, raw: rawForModel } as const;

/** The answer in both forms: some clients read only the structured one, others only the text. */
export function renderResult(value: unknown, writers: Writers): CallToolResult {
  const structured = RENDER[writers](value) as Record<string, unknown>;
  return { content: [{ type: 'text', text: JSON.stringify(structured) }], structuredContent: structured };
}

/** An error with its code, message, hint and whether to try again, in both forms. Never throws. */
export function renderError(error: unknown): CallToolResult {
  return { ...renderResult(errorBodyOf(error), 'own'), isError: true };
}

/** Whether the error is one that callers are meant to meet; the others are faults and belong in the log. */
export const isExpected = (error: unknown): boolean =>
  error instanceof RoundhouseError || error instanceof UnreachableError;

function errorBodyOf(error: unknown): ErrorBody {
  if (error instanceof RoundhouseError) return error.toBody();
  if (error instanceof UnreachableError) {
    return new RoundhouseError('service_unreachable', 'The coordinator service does not answer.').toBody();
  }
  return new RoundhouseError('internal', 'The gateway failed on this call.').toBody();
}
