import type { AgentSpec } from '@roundhouse/contracts';
import { PLAIN_SIGNS } from '../domain/signs.ts';
import type { AgentAdapter } from '../ports.ts';

/** Any program. Where it reports no status of its own, the screen is all there is to go by. */
export const command: AgentAdapter<Extract<AgentSpec, { kind: 'command' }>> = {
  typing: {
    readyBy: 'output',
    readyForMs: 0,
    readyBoundMs: 10_000,
    pasteSettleMs: 0,
    acceptedBy: 'screen',
    // A second Enter would be a line of its own to a program that reads lines.
    enterAgainMs: null,
    giveUpMs: 4_000,
  },
  signs: PLAIN_SIGNS,
  firstPromptVia: (spec) => (spec.promptVia === 'paste' ? 'typed' : spec.promptVia),
  launch: (spec, { firstPrompt, promptFile }) => {
    switch (spec.promptVia) {
      case 'file':
        return { argv: spec.argv, env: { ROUNDHOUSE_PROMPT_FILE: promptFile }, files: [] };
      case 'argument':
        return { argv: firstPrompt === null ? spec.argv : [...spec.argv, firstPrompt.text], env: {}, files: [] };
      case 'paste':
        return { argv: spec.argv, env: {}, files: [] };
    }
  },
  canResume: false,
};
