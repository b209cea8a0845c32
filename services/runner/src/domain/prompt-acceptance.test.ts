import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProgramStatus } from './program-status.ts';
import { type AcceptedBy, type Proof, type ProofInput, isAccepted, proofAfter } from './prompt-acceptance.ts';

const ACCEPTED_BY: readonly AcceptedBy[] = ['status', 'screen', 'record'];
const PROOFS: readonly Proof[] = ['none', 'begun', 'taken'];
const asks: ProgramStatus = { state: 'blocked', question: { kind: 'question', text: '?', options: [] } };
const WORDS: Readonly<Record<ProgramStatus['state'], ProgramStatus>> = {
  idle: { state: 'idle' },
  working: { state: 'working' },
  done: { state: 'done' },
  clear: { state: 'clear' },
  error: { state: 'error' },
  blocked: asks,
};
const INPUTS: readonly ProofInput[] = [
  ...Object.values(WORDS).map((status) => ({ type: 'status' as const, status })),
  { type: 'echoed' },
  { type: 'recorded' },
];
const nameOf = (input: ProofInput): string => (input.type === 'status' ? input.status.state : input.type);

/** Which inputs, each by itself, prove so much of a prompt of which nothing is known. */
const proving = (proof: Proof, acceptedBy: AcceptedBy, answering = false): string[] =>
  INPUTS.filter((input) => proofAfter('none', input, acceptedBy, answering) === proof).map(nameOf);

describe('the proof that a prompt was taken', () => {
  it('R-7: is the status of a program that does something, and of a plain one the screen as well', () => {
    const does = ['working', 'done', 'error', 'blocked'];
    expect(proving('taken', 'status')).toEqual(does);
    expect(proving('taken', 'screen')).toEqual([...does, 'echoed']);
    expect([proving('begun', 'status'), proving('begun', 'screen')]).toEqual([[], []]);
  });

  it('R-9: is no question that was there already when the prompt was typed', () => {
    for (const acceptedBy of ACCEPTED_BY)
      expect([...proving('taken', acceptedBy, true), ...proving('begun', acceptedBy, true)]).not.toContain('blocked');
    expect(proving('taken', 'status', true)).toEqual(['working', 'done', 'error']);
  });

  it('RX-18: is the record alone, where that is what counts; the status says that it has begun', () => {
    expect(proving('taken', 'record')).toEqual(['recorded']);
    expect(proving('begun', 'record')).toEqual(['working', 'done', 'error', 'blocked']);
    expect(proofAfter('begun', { type: 'recorded' }, 'record', false)).toBe('taken');
    expect(proofAfter('begun', { type: 'status', status: WORDS.idle }, 'record', false)).toBe('begun');
  });

  it('never grows less, whatever comes', () => {
    const any = fc.record({ input: fc.constantFrom(...INPUTS), answering: fc.boolean() });
    fc.assert(
      fc.property(fc.constantFrom(...ACCEPTED_BY), fc.array(any, { maxLength: 20 }), (acceptedBy, histories) => {
        let proof: Proof = 'none';
        for (const { input, answering } of histories) {
          const next: Proof = proofAfter(proof, input, acceptedBy, answering);
          expect(PROOFS.indexOf(next)).toBeGreaterThanOrEqual(PROOFS.indexOf(proof));
          proof = next;
        }
      }),
    );
  });
});

describe('when a prompt counts as accepted', () => {
  const moments = (proof: Proof): string[] =>
    (['at_once', 'overdue', 'gone', 'lost'] as const).filter((moment) => isAccepted(proof, moment));

  it('R-8: without proof never, with proof always', () => {
    expect(moments('none')).toEqual([]);
    expect(moments('taken')).toEqual(['at_once', 'overdue', 'gone', 'lost']);
  });

  it('RX-18: one that was begun and is not on record counts in the end, but not for who starts the agent again', () => {
    expect(moments('begun')).toEqual(['overdue', 'gone']);
  });
});
