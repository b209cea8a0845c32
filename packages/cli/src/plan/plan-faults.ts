import { type Document, isMap, isScalar, type LineCounter, type Node } from 'yaml';
import type { z } from 'zod';
import { EXIT, Failure } from '../failure.ts';

export type PlanPath = readonly (string | number)[];

/** Something that is wrong in a plan, and where: line and column count from 1. */
export interface PlanFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

const MAX_SHOWN = 10;

/** One failure (exit code 2) of all faults, `file:line:column: message` each, so that an editor finds the place. */
export function planFailure(file: string, faults: readonly PlanFault[]): Failure {
  const lines = faults
    .toSorted((one, other) => one.line - other.line || one.column - other.column)
    .slice(0, MAX_SHOWN)
    .map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`);
  const more = faults.length > MAX_SHOWN ? [`and ${faults.length - MAX_SHOWN} more`] : [];
  const hint = 'Correct the plan; "roundhouse run --help" shows one.';
  return new Failure([...lines, ...more].join('\n  '), { hint, exitCode: EXIT.usage });
}

/** A fault at a path of the document: at the value itself, or at the nearest thing around it that is there. */
export function faultAt(document: Document, lines: LineCounter, path: PlanPath, message: string): PlanFault {
  const { line, col } = lines.linePos(offsetOf(document, path));
  return { line, column: col, message: path.length === 0 ? message : `${pathWords(path)}: ${message}` };
}

/** What zod has to say, at the places that it means. */
export const schemaFaults = (document: Document, lines: LineCounter, error: z.ZodError): PlanFault[] =>
  error.issues.flatMap((issue) => {
    const path = issue.path.filter((key): key is string | number => typeof key !== 'symbol');
    if (issue.code !== 'unrecognized_keys') return [faultAt(document, lines, path, issue.message)];
    return issue.keys.map((key) => faultAt(document, lines, [...path, key], 'there is no such key'));
  });

function offsetOf(document: Document, path: PlanPath): number {
  for (let length = path.length; length > 0; length -= 1) {
    const here = path.slice(0, length);
    const parent = length === 1 ? document.contents : document.getIn(here.slice(0, -1), true);
    const name = here.at(-1);
    // The key shows where it is better than its value does: a value may be a block that begins a line later.
    const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === name) : undefined;
    const node = (pair?.key ?? document.getIn(here, true)) as Node | undefined;
    if (node?.range !== undefined && node.range !== null) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

const pathWords = (path: PlanPath): string =>
  path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index === 0 ? '' : '.'}${key}`)).join('');
