import { describeProgram } from './program-suite.ts';

await describeProgram('codex');
