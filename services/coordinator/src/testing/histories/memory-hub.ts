import { setImmediate as turn } from 'node:timers/promises';
import { archiveRef } from '@roundhouse/contracts';
import type { LandResult } from '../../domain/events.ts';
import type { Hubs } from '../../ports/hubs.ts';

/** What a history plants: git itself failing. */
export class HubFailure extends Error {
  override readonly name = 'HubFailure';
}

export interface Landed {
  readonly commit: string;
  readonly target: string;
  readonly landedAs: string;
}

/** What the hub keeps beyond the life of any process: what stands in git. */
export interface HubLedger {
  readonly landed: Landed[];
  /** Tasks whose branch was archived, with how often. */
  readonly archived: Map<string, number>;
  /** How the landing of a commit comes out, by the commit; by default it lands. */
  readonly outcomes: Map<string, 'conflicted' | 'failed' | 'throws'>;
}

export const newLedger = (): HubLedger => ({ landed: [], archived: new Map(), outcomes: new Map() });

export const BASE_COMMIT = 'ba5e'.repeat(10);

/**
 * What the port promises of a hub, in memory: a commit that is on the branch already is not landed again (I6), a branch is
 * archived before it goes (I7). The real one has a suite of its own, and 10,000 histories cannot start git for each step.
 */
export function memoryHub(ledger: HubLedger): Hubs {
  const refuse = (): never => {
    throw new Error('no history asks this of a hub');
  };
  const land = async ({ commit, target }: { commit: string; target: string }): Promise<LandResult> => {
    // As git does, it takes its time: others get their turn meanwhile.
    await turn();
    const outcome = ledger.outcomes.get(commit);
    if (outcome === 'throws') throw new HubFailure('git failed');
    if (outcome === 'failed') return { kind: 'failed', reason: 'git' };
    if (outcome === 'conflicted')
      return { kind: 'conflicted', onto: BASE_COMMIT, files: [{ path: 'x', kind: 'content' }] };
    const before = ledger.landed.find((one) => one.commit === commit && one.target === target);
    if (before !== undefined) return { kind: 'landed', landedAs: before.landedAs, nothingToLand: false };
    const landedAs = commit.replace(/^./, 'f');
    ledger.landed.push({ commit, target, landedAs });
    return { kind: 'landed', landedAs, nothingToLand: false };
  };
  return {
    create: refuse,
    createEmpty: refuse,
    remove: refuse,
    refresh: refuse,
    mergeBase: refuse,
    diff: refuse,
    objectsFolder: (projectId) => `/hubs/${projectId}`,
    branch: () => Promise.resolve(BASE_COMMIT),
    ref: () => Promise.resolve(null),
    land: (_projectId, request) => land(request),
    async archiveTask(_projectId, taskId) {
      await turn();
      ledger.archived.set(taskId, (ledger.archived.get(taskId) ?? 0) + 1);
      return [archiveRef(taskId, 1)];
    },
  };
}
