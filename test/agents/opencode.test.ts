import { takesOwnWords } from './own-words-suite.ts';
import { describeProgram } from './program-suite.ts';

await describeProgram('opencode', (world) => takesOwnWords('opencode', { tool: 'question' }, world));
