import { fileURLToPath } from 'node:url';
import type { AgentSpec } from '@roundhouse/contracts';
import { PLAIN_SIGNS } from '../domain/signs.ts';
import type { AgentAdapter } from '../ports.ts';

// The same from src and from dist: both lie one folder below the service.
const PROGRAM = fileURLToPath(new URL('../../../../packages/scripted-agent/dist/main.js', import.meta.url));

/** The scripted agent: does what the directives of its prompts say; it reports its status itself. */
export const scripted: AgentAdapter<Extract<AgentSpec, { kind: 'scripted' }>> = {
  typing: {
    readyBy: 'status',
    readyForMs: 0,
    readyBoundMs: null,
    pasteSettleMs: 0,
    acceptedBy: 'status',
    enterAgainMs: 1_000,
    giveUpMs: 3_000,
  },
  signs: PLAIN_SIGNS,
  firstPromptVia: () => 'typed',
  launch: () => ({ argv: [process.execPath, PROGRAM], env: {}, files: [] }),
  canResume: false,
};
