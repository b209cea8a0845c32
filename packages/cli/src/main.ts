#!/usr/bin/env node
import { CommanderError } from 'commander';
import { readConfig } from './config.ts';
import { EXIT, explain } from './failure.ts';
import { terminalOutput } from './output.ts';
import { createProgram, overrideExits } from './program.ts';

const config = readConfig();
const output = terminalOutput(config.colour);
// Of "run" it names a file for the report, and is no wish for answers in JSON.
const json = process.argv.includes('--json') && process.argv[2] !== 'run';

try {
  await overrideExits(createProgram({ config, output, cwd: process.cwd() })).parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has said what is wrong already; help and version are not wrong.
    process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  } else {
    const { code, message, hint, exitCode } = explain(error);
    if (json) output.note(JSON.stringify({ error: { code, message, hint } }));
    else output.note(`${output.colour.red('✗')} ${message}${hint === null ? '' : `\n  ${hint}`}`);
    process.exitCode = exitCode;
  }
}
