import type { OPERATIONS, OutputOf } from '@roundhouse/contracts';
import { Command } from 'commander';
import { connect, connectAsCoordinator, type ConnectOptions, withConnection } from '../../connect.ts';
import type { Context } from '../../context.ts';

type AccessState = OutputOf<typeof OPERATIONS.getAccess>;

/** `roundhouse coordinator access|stop|start` */
export function accessCommands(context: Context): Command[] {
  const { output } = context;
  const { green, red } = output.colour;
  const tell = ({ json }: ConnectOptions, state: AccessState): void => {
    if (json) return output.json(state);
    const { access, since, lastCall, openWaits, clients } = state;
    output.line(`access      ${access === 'on' ? green('on') : red('off')} since ${since}`);
    output.line(
      `last call   ${lastCall === null ? 'none' : `${lastCall.operation} (${lastCall.outcome}) at ${lastCall.at}`}`,
    );
    output.line(`open waits  ${openWaits}`);
    output.line(`clients     ${clients}`);
  };
  const command = (name: string, summary: string): Command =>
    withConnection(new Command(name), context).summary(summary).argument('<id>', 'the coordinator’s id');
  return [
    command('access', 'show whether a coordinator is let in, and what it does now').action(
      async (id: string, options: ConnectOptions) => {
        const client = await connectAsCoordinator(context, { ...options, coordinator: id });
        tell(options, await client.call('getAccess', { id }));
      },
    ),
    command('stop', 'let a coordinator’s tokens in no more; its sub-tasks go on').action(
      async (id: string, options: ConnectOptions) =>
        tell(options, await (await connect(context, options)).call('stopAccess', { id })),
    ),
    command('start', 'let a coordinator’s tokens in again').action(async (id: string, options: ConnectOptions) =>
      tell(options, await (await connect(context, options)).call('startAccess', { id })),
    ),
  ];
}
