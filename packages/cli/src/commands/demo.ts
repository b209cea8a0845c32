import { Command } from 'commander';
import type { Context } from '../context.ts';

/** `roundhouse demo`: the whole path once, with nothing left behind. */
export const demoCommand = (context: Context): Command =>
  new Command('demo')
    .summary('show the whole path once: eight agents, a conflict, a landed branch')
    .description(
      'Starts the service on free ports with its data in a temporary folder, lets eight scripted agents work on the\nrepository that you stand in (it is only read), lands their work in a hub of its own, and removes everything again.',
    )
    .action(async () => {
      // Only here is the MCP client needed, and it takes longer to load than all the rest.
      const { runDemo } = await import('../demo/run-demo.ts');
      await runDemo(context);
    });
