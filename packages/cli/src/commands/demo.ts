import { Command } from 'commander';
import { namedService } from '../connect.ts';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';

/** `roundhouse demo`: the whole path once, with nothing left behind. */
export const demoCommand = (context: Context): Command =>
  new Command('demo')
    .summary('show the whole path once: eight agents, a conflict, a landed branch')
    .description(
      'Starts the service on free ports with its data in a temporary folder, lets eight scripted agents work on the\nrepository that you stand in (it is only read), lands their work in a hub of its own, and removes everything again.\nWith --connect it does the same on a service that runs already, in a new project with a generated repository.',
    )
    .option('--connect <url>', 'use the service at this address (default: ROUNDHOUSE_URL, else one of its own)')
    .option('--mcp <url>', 'the MCP endpoint of that service (default: ROUNDHOUSE_MCP_URL)')
    .option(
      '--token-file <file>',
      'a file with an operator’s token (default: ROUNDHOUSE_TOKEN or ROUNDHOUSE_TOKEN_FILE)',
    )
    .action(async (options: { connect?: string; mcp?: string; tokenFile?: string }) => {
      const service = await namedService(context, options);
      if (service !== null) {
        const mcp = options.mcp ?? context.config.mcpUrl;
        if (mcp === undefined) {
          const hint = 'Name it with --mcp or ROUNDHOUSE_MCP_URL, such as http://127.0.0.1:7421/mcp.';
          throw new Failure('the demo speaks MCP, and the endpoint is not known', { hint, exitCode: EXIT.usage });
        }
        const { runConnectedDemo } = await import('../demo/run-connected-demo.ts');
        return runConnectedDemo(context, { ...service, mcp });
      }
      // Only here is the MCP client needed, and it takes longer to load than all the rest.
      const { runDemo } = await import('../demo/run-demo.ts');
      await runDemo(context);
    });
