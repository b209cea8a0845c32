import { Command } from 'commander';
import type { Context } from '../context.ts';
import { controlCommands } from './task/control.ts';
import { promptCommands } from './task/prompts.ts';
import { readCommands } from './task/read.ts';
import { runCommand } from './task/run.ts';
import { voiceCommands } from './task/voice.ts';
import { writeCommands } from './task/write.ts';

/** `roundhouse task …` */
export function taskCommand(context: Context): Command {
  const command = new Command('task').summary('run, watch, land and close tasks');
  for (const inner of [
    runCommand(context),
    ...readCommands(context),
    ...promptCommands(context),
    ...writeCommands(context),
    ...controlCommands(context),
    ...voiceCommands(context),
  ])
    command.addCommand(inner);
  return command;
}
