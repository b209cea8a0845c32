import { Command } from 'commander';
import { resolve } from 'node:path';
import { connect, type ConnectOptions, withConnection } from '../connect.ts';
import type { Context } from '../context.ts';
import { authorOf } from '../git.ts';
import { printable, table } from '../output.ts';

/** `roundhouse project add|ls` */
export function projectCommand(context: Context): Command {
  const { config, output, cwd } = context;
  const add = withConnection(new Command('add'), context)
    .summary('add a git repository as a project')
    .argument('[path]', 'the repository; it is only read', '.')
    .option('--name <name>', 'what to call it')
    .option('--branch <branch>', 'the branch that tasks start from and land on')
    .action(async (path: string, options: ConnectOptions & { name?: string; branch?: string }) => {
      const { name, branch: defaultBranch } = options;
      const repository = resolve(cwd, path);
      const author = await authorOf({ cwd: repository, environment: config.inherited }).catch(() => null);
      const input = {
        path: repository,
        ...(author === null ? {} : { author }),
        ...(name === undefined ? {} : { name }),
        ...(defaultBranch === undefined ? {} : { defaultBranch }),
      };
      const project = await (await connect(context, options)).call('createProject', input);
      if (options.json) output.json(project);
      else output.line(`${project.id}  ${printable(project.name)}  ${project.defaultBranch}  ${project.gitUrl}`);
    });
  const list = withConnection(new Command('ls'), context)
    .summary('list the projects')
    .action(async (options: ConnectOptions) => {
      const answer = await (await connect(context, options)).call('listProjects', {});
      if (options.json) return output.json(answer);
      const rows = answer.projects.map((project) => [
        project.id,
        printable(project.name),
        project.defaultBranch,
        project.source ?? project.gitUrl,
      ]);
      output.line(table([['ID', 'NAME', 'BRANCH', 'SOURCE'], ...rows], output.columns));
    });
  return new Command('project').summary('add and list projects').addCommand(add).addCommand(list);
}
