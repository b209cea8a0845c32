import { takesOwnWords } from './own-words-suite.ts';
import { describeProgram } from './program-suite.ts';

const AMENDS = 'No, and tell Copilot what to do differently';
await describeProgram('copilot', (world) => takesOwnWords('copilot', { tool: 'ask_user', amends: AMENDS }, world));
