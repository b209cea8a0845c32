import type { TypingRules } from '../domain/prompt-delivery.ts';

/**
 * How the full-screen programs are typed to. They take a paste in steps: an Enter right behind it is swallowed, and so is
 * what is typed in the moment in which they say for the first time that they wait.
 */
export const FULL_SCREEN_TYPING: TypingRules = {
  readyBy: 'activity',
  readyForMs: 400,
  readyBoundMs: null,
  pasteSettleMs: 300,
  acceptedBy: 'status',
  enterAgainMs: 900,
  giveUpMs: 10_000,
};
