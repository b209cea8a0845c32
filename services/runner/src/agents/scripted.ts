import { fileURLToPath } from 'node:url';
import type { AgentSpec } from '@roundhouse/contracts';
import type { AgentAdapter } from '../ports.ts';

// The same from src and from dist: both lie one folder below the service.
const PROGRAM = fileURLToPath(new URL('../../../../packages/scripted-agent/dist/main.js', import.meta.url));

/** The scripted agent: does what the directives of its prompts say; it reports its status itself. */
export const scripted: AgentAdapter<Extract<AgentSpec, { kind: 'scripted' }>> = {
  typing: {
    readyBy: 'status',
    readyBoundMs: null,
    pasteSettleMs: 0,
    acceptedBy: 'status',
    enterAgainMs: 1_000,
    giveUpMs: 3_000,
  },
  firstPromptVia: () => 'typed',
  launch: () => ({ argv: [process.execPath, PROGRAM], env: {} }),
};
