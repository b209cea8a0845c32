import { createHash } from 'node:crypto';
import { AuditEntry, auditFault } from '@roundhouse/contracts';

/** How many faults are told at most. */
const MAX_FAULTS = 20;

export interface ChainReport {
  readonly entries: number;
  /** The numbers of the first and the last entry; null where there is none. */
  readonly first: number | null;
  readonly last: number | null;
  /** The hash that the first entry follows, and the last one's: what is noted elsewhere can be compared. */
  readonly anchor: string | null;
  readonly head: string | null;
  /** Whether an entry has the hash that was asked for; null where none was. */
  readonly hasExpected: boolean | null;
  /** What is wrong, line by line, 20 at most. */
  readonly faults: readonly { readonly line: number; readonly seq: number | null; readonly fault: string }[];
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function parse(line: string): AuditEntry | null {
  try {
    return AuditEntry.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    // No JSON at all is no entry either.
    return null;
  }
}

/** Checks an exported audit, one entry a line. It holds one entry at a time, however long the export is. */
export async function verifyChain(lines: AsyncIterable<string>, expected: string | null): Promise<ChainReport> {
  const faults: { line: number; seq: number | null; fault: string }[] = [];
  let number = 0;
  let entries = 0;
  let first: AuditEntry | null = null;
  let before: AuditEntry | null = null;
  let found = false;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === '') continue;
    const entry = parse(line);
    const fault = entry === null ? 'it is no entry of an audit' : auditFault(entry, before, sha256);
    if (fault !== null && faults.length < MAX_FAULTS) faults.push({ line: number, seq: entry?.seq ?? null, fault });
    if (entry === null) continue;
    entries += 1;
    first ??= entry;
    before = entry;
    if (entry.hash === expected) found = true;
  }
  return {
    entries,
    first: first?.seq ?? null,
    last: before?.seq ?? null,
    anchor: first?.previous ?? null,
    head: before?.hash ?? null,
    hasExpected: expected === null ? null : found,
    faults,
  };
}
