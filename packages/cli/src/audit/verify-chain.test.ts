import { createHash, randomUUID } from 'node:crypto';
import { AUDIT_GENESIS, type AuditEntry, auditText } from '@roundhouse/contracts';
import { describe, expect, it } from 'vitest';
import { verifyChain } from './verify-chain.ts';

function chain(size: number): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let seq = 1; seq <= size; seq += 1) {
    const entry = {
      seq,
      at: '2026-11-23T00:00:00.000Z',
      requestId: randomUUID(),
      operation: 'listTasks',
      role: 'operator' as const,
      tokenId: randomUUID(),
      coordinatorId: null,
      taskId: null,
      status: 200,
      outcome: 'ok',
      ms: 1.5,
      count: 1,
      previous: entries.at(-1)?.hash ?? AUDIT_GENESIS,
    };
    entries.push({ ...entry, hash: createHash('sha256').update(auditText(entry)).digest('hex') });
  }
  return entries;
}

async function* linesOf(entries: readonly unknown[]): AsyncGenerator<string> {
  for (const entry of entries) yield await Promise.resolve(typeof entry === 'string' ? entry : JSON.stringify(entry));
}

describe('an exported audit', () => {
  it('IA-16: is whole from its oldest kept entry on, and its hashes can be noted and asked for', async () => {
    const entries = chain(50);
    const head = entries[49]?.hash ?? '';
    expect(await verifyChain(linesOf(entries), head)).toMatchObject({
      entries: 50,
      head,
      hasExpected: true,
      faults: [],
    });
    const kept = await verifyChain(linesOf(entries.slice(20)), entries[0]?.hash ?? '');
    expect(kept).toMatchObject({ first: 21, last: 50, anchor: entries[19]?.hash, hasExpected: false, faults: [] });
    expect(await verifyChain(linesOf([]), null)).toMatchObject({ entries: 0, head: null, faults: [] });
  });

  it('IA-16: names the one entry that was altered, whichever field it is', async () => {
    const entries = chain(10);
    const changes: Partial<AuditEntry>[] = [
      { at: '2026-11-24T00:00:00.000Z' },
      { requestId: randomUUID() },
      { operation: 'getTask' },
      { role: 'coordinator' },
      { tokenId: null },
      { coordinatorId: randomUUID() },
      { taskId: randomUUID() },
      { status: 403 },
      { outcome: 'forbidden' },
      { ms: 2 },
      { count: 2 },
    ];
    for (const change of changes) {
      const altered = entries.map((entry) => (entry.seq === 4 ? { ...entry, ...change } : entry));
      const { faults } = await verifyChain(linesOf(altered), null);
      expect([change, faults.map(({ line, seq }) => ({ line, seq }))]).toEqual([change, [{ line: 4, seq: 4 }]]);
    }
    const more = entries.map((entry) => (entry.seq === 4 ? { ...entry, note: 'x' } : entry));
    expect((await verifyChain(linesOf(more), null)).faults[0]).toMatchObject({ line: 4, seq: null });
    expect((await verifyChain(linesOf(['nonsense', ...entries]), null)).faults).toHaveLength(1);
  });
});
