import { Command } from 'commander';
import { allOf } from '../all-pages.ts';
import { connect, type ConnectOptions, withConnection } from '../connect.ts';
import type { Context } from '../context.ts';
import { oneLine, table } from '../output.ts';

const HEAD = ['HOST', 'SANDBOXES', 'RUNNING', 'WARM', 'WORKTREES', 'STATE'];

/** `roundhouse launcher ls` */
export function launcherCommand(context: Context): Command {
  const { output } = context;
  const list = withConnection(new Command('ls'), context)
    .summary('list the launchers that are there now, and why one is not ready')
    .action(async (options: ConnectOptions) => {
      const client = await connect(context, options);
      const launchers = await allOf(client, 'listLaunchers', (page) => page.launchers);
      if (options.json) return output.json({ launchers });
      const { green, red, dim } = output.colour;
      const rows = launchers.map(({ host, sandboxes, running, slots, warm, worktrees, ready, reason, note }) => [
        oneLine(host),
        sandboxes,
        `${running} of ${slots}`,
        String(warm),
        worktrees,
        [
          ready ? green('ready') : red(`not ready${reason === null ? '' : `: ${oneLine(reason)}`}`),
          ...(note === null ? [] : [dim(`(${oneLine(note)})`)]),
        ].join(' '),
      ]);
      output.line(table([HEAD.map(dim), ...rows], output.columns));
    });
  return new Command('launcher').summary('list launchers').addCommand(list);
}
