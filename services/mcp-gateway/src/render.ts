import type { CallToolResult } from '@modelcontextprotocol/server';
import { type ErrorBody, RoundhouseError, UnreachableError } from '@roundhouse/contracts';

// eslint-disable-next-line no-control-regex -- the point of this expression is control characters
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** The answer in both forms: some clients read only the structured one, others only the text. */
export function renderResult(value: unknown, options: { readonly raw: boolean }): CallToolResult {
  const structured = (options.raw ? value : withoutControls(value)) as Record<string, unknown>;
  return { content: [{ type: 'text', text: JSON.stringify(structured) }], structuredContent: structured };
}

/** An error with its code, message, hint and whether to try again, in both forms. Never throws. */
export function renderError(error: unknown): CallToolResult {
  return { ...renderResult(errorBodyOf(error), { raw: false }), isError: true };
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

/** Copies a JSON value without the control characters of its texts, tab and newline excepted. */
function withoutControls(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(CONTROL, '');
  if (Array.isArray(value)) return value.map(withoutControls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key.replace(CONTROL, ''), withoutControls(inner)]),
  );
}
