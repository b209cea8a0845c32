import { describe, expect, it } from 'vitest';
import { type AgentDeath, afterDeath, MAX_RESTARTS } from './agent-exit.ts';

const killed: AgentDeath = {
  code: null,
  signal: 'SIGKILL',
  canResume: true,
  booted: true,
  resumed: false,
  furthest: 'accepted',
  held: false,
  restarts: 0,
};
const after = (death: Partial<AgentDeath>) => afterDeath({ ...killed, ...death });

describe('an agent whose program has ended', () => {
  it('RX-8: goes on after a crash where its kind can, and ends where it ended by itself or a person ended it', () => {
    expect(after({})).toBe('resume');
    expect(after({ code: 1, signal: null })).toBe('resume');
    expect(after({ code: 0, signal: null })).toBe('end');
    expect(after({ code: 1, signal: null, held: true })).toBe('end');
    expect(after({ held: true })).toBe('resume');
    expect(after({ canResume: false })).toBe('end');
  });

  it('RX-9: is started without a conversation where there can be none, and ends where it does not come up', () => {
    expect(after({ furthest: 'nothing' })).toBe('anew');
    expect(after({ booted: false })).toBe('end');
    expect(after({ booted: false, resumed: true })).toBe('end');
    // It was typed to and died: whether that is in a conversation, only the try can tell.
    expect(after({ booted: false, resumed: true, furthest: 'typed' })).toBe('anew');
    expect(after({ booted: false, furthest: 'typed' })).toBe('end');
  });

  it('RX-9: is started again three times in an attempt', () => {
    expect(after({ restarts: MAX_RESTARTS - 1 })).toBe('resume');
    expect(after({ restarts: MAX_RESTARTS })).toBe('end');
  });
});
