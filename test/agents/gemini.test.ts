import { takesOwnWords } from './own-words-suite.ts';
import { describeProgram } from './program-suite.ts';

await describeProgram('gemini', (world) => takesOwnWords('gemini', { tool: 'ask_user' }, world));
