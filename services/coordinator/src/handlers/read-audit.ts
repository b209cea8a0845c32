import type { InputOf, OPERATIONS, OutputOf } from '@roundhouse/contracts';
import type { Caller, Deps } from './deps.ts';

export async function readAudit(
  deps: Deps,
  _caller: Caller,
  { cursor = '0', limit }: InputOf<typeof OPERATIONS.readAudit>,
): Promise<OutputOf<typeof OPERATIONS.readAudit>> {
  const { entries, more } = await deps.audit.page(Number(cursor), limit);
  const last = entries.at(-1);
  return { entries, nextCursor: more && last !== undefined ? String(last.seq) : null };
}
