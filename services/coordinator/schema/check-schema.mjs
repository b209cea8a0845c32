// A thread that holds values against a JSON Schema. What it is given may be hostile (a pattern that takes for ever): whoever
// started it ends it after a while, and nothing else waits meanwhile.
import { parentPort, workerData } from 'node:worker_threads';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';

const MAX_ISSUES = 20;
const DIALECTS = new Map([
  ['https://json-schema.org/draft/2020-12/schema', Ajv2020],
  ['http://json-schema.org/draft-07/schema', Ajv],
]);

/** @typedef {{ schema: Record<string, unknown>, value?: unknown, hasValue: boolean }} Question */
/** @typedef {{ fault: string | null, issues: { path: string, message: string }[] }} Answer */

/** @param {Question} question @returns {Answer} */
function answer({ schema, value, hasValue }) {
  const { $schema: dialect = 'https://json-schema.org/draft/2020-12/schema' } = schema;
  const Validator = typeof dialect === 'string' ? DIALECTS.get(dialect.replace(/#$/, '')) : undefined;
  if (Validator === undefined) return { fault: '"$schema" is neither draft 2020-12 nor draft-07', issues: [] };
  let validate;
  try {
    // No loader is given, so a reference to another document is an error. Formats are words for readers here.
    validate = new Validator({ strict: false, allErrors: true, validateFormats: false, logger: false }).compile(schema);
  } catch (error) {
    return { fault: (error instanceof Error ? error.message : String(error)).slice(0, 1_000), issues: [] };
  }
  try {
    if (!hasValue || validate(value)) return { fault: null, issues: [] };
  } catch {
    // A schema that refers to itself for ever ends the stack.
    return { fault: 'it refers to itself without an end', issues: [] };
  }
  const issues = (validate.errors ?? []).slice(0, MAX_ISSUES).map(({ instancePath, message }) => ({
    path: instancePath.slice(0, 300),
    message: (message ?? 'does not match').slice(0, 300),
  }));
  return { fault: null, issues };
}

// eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window: it has no origin
parentPort?.postMessage(answer(workerData));
