import { Command } from 'commander';
import { resolve } from 'node:path';
import { allOf } from '../all-pages.ts';
import { connect, type ConnectOptions, withConnection } from '../connect.ts';
import type { Context } from '../context.ts';
import { authorOf } from '../git.ts';
import { printable, table } from '../output.ts';
import { type LimitOptions, limitsOf, withLimits } from './limit-options.ts';

type AddOptions = ConnectOptions & LimitOptions & { readonly name?: string; readonly branch?: string };

/** `roundhouse project add|ls` */
export function projectCommand(context: Context): Command {
  const { config, output, cwd } = context;
  const add = withLimits(withConnection(new Command('add'), context), 'the service’s')
    .summary('add a git repository as a project')
    .argument(
      '[path]',
      'the repository; it is only read (default: the one here; with --name: none, push to the project)',
    )
    .option('--name <name>', 'what to call it; without a path the project is empty, to be pushed to')
    .option('--branch <branch>', 'the branch that tasks start from and land on')
    .action(async (path: string | undefined, options: AddOptions) => {
      const { name, branch: defaultBranch } = options;
      const repository = path === undefined && name !== undefined ? null : resolve(cwd, path ?? '.');
      const author = await authorOf({ cwd: repository ?? cwd, environment: config.inherited }).catch(() => null);
      const input = {
        ...(repository === null ? {} : { path: repository }),
        ...(author === null ? {} : { author }),
        ...(name === undefined ? {} : { name }),
        ...(defaultBranch === undefined ? {} : { defaultBranch }),
        ...limitsOf(options),
      };
      const project = await (await connect(context, options)).call('createProject', input);
      if (options.json) return output.json(project);
      output.line(`${project.id}  ${printable(project.name)}  ${project.defaultBranch}  ${project.gitUrl}`);
      if (repository === null)
        output.note(
          `Push to it: git push ${project.gitUrl} ${project.defaultBranch} (the password is an operator token)`,
        );
    });
  const list = withConnection(new Command('ls'), context)
    .summary('list the projects')
    .action(async (options: ConnectOptions) => {
      const client = await connect(context, options);
      const projects = await allOf(client, 'listProjects', (page) => page.projects);
      if (options.json) return output.json({ projects });
      const rows = projects.map((project) => [
        project.id,
        printable(project.name),
        project.defaultBranch,
        project.source ?? project.gitUrl,
      ]);
      output.line(table([['ID', 'NAME', 'BRANCH', 'SOURCE'], ...rows], output.columns));
    });
  return new Command('project').summary('add and list projects').addCommand(add).addCommand(list);
}
