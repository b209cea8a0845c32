import { Command } from 'commander';
import { allOf } from '../all-pages.ts';
import { connect, type ConnectOptions, withConnection } from '../connect.ts';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';
import { printable, table } from '../output.ts';
import { standingCommands } from './coordinator-standing.ts';
import { accessCommands } from './coordinator/access.ts';
import { callCommands } from './coordinator/calls.ts';
import { pairCommand } from './coordinator/pair.ts';
import { runCoordinatorCommand } from './coordinator/run.ts';

/** `roundhouse coordinator create|run|ls|show|pause|resume|set|access|stop|start|clients|log|pair` */
export function coordinatorCommand(context: Context): Command {
  const { output } = context;
  const create = withConnection(new Command('create'), context)
    .summary('create a coordinator with a token of its own')
    .argument('<name>', 'what to call it')
    .option('--project <id>', 'the project that it works on (default: the only one)')
    .action(async (name: string, options: ConnectOptions & { project?: string }) => {
      const client = await connect(context, options);
      const projectId = options.project ?? onlyOne((await client.call('listProjects', {})).projects);
      const answer = await client.call('createCoordinator', { name, projectId });
      if (options.json) return output.json(answer);
      output.line(`${answer.coordinator.id}  ${printable(answer.coordinator.name)}`);
      output.line(answer.token);
      output.note('The token is shown this once.');
    });
  const list = withConnection(new Command('ls'), context)
    .summary('list the coordinators')
    .action(async (options: ConnectOptions) => {
      const client = await connect(context, options);
      const coordinators = await allOf(client, 'listCoordinators', (page) => page.coordinators);
      if (options.json) return output.json({ coordinators });
      const rows = coordinators.map(({ id, name, projectId, createdAt }) => [
        id,
        printable(name),
        projectId,
        createdAt,
      ]);
      output.line(table([['ID', 'NAME', 'PROJECT', 'CREATED'], ...rows], output.columns));
    });
  const command = new Command('coordinator').summary('create and watch coordinators, and say what of theirs may start');
  const more = [...standingCommands(context), ...accessCommands(context), ...callCommands(context)];
  for (const inner of [create, runCoordinatorCommand(context), list, ...more, pairCommand(context)])
    command.addCommand(inner);
  return command;
}

function onlyOne(projects: readonly { readonly id: string }[]): string {
  const [project, other] = projects;
  if (project !== undefined && other === undefined) return project.id;
  const hint = 'Name one with --project ID; "roundhouse project ls" shows which there are.';
  throw new Failure(project === undefined ? 'there is no project yet' : 'there is more than one project', {
    hint,
    exitCode: EXIT.usage,
  });
}
