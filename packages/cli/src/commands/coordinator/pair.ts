import { Command } from 'commander';
import { connectAsCoordinator, type ConnectOptions, withConnection } from '../../connect.ts';
import type { Context } from '../../context.ts';

/** `roundhouse coordinator pair` */
export function pairCommand(context: Context): Command {
  const { output } = context;
  return withConnection(new Command('pair'), context)
    .summary('make a PIN with which a phone may see, prompt and hold a coordinator’s tasks')
    .argument('<id>', 'the coordinator’s id')
    .action(async (id: string, options: ConnectOptions) => {
      const client = await connectAsCoordinator(context, { ...options, coordinator: id });
      const answer = await client.call('createPairing', { id });
      if (options.json) return output.json(answer);
      output.line(answer.pin);
      output.note(`For one phone, until ${answer.expiresAt}. Five wrong ones, and it is over.`);
    });
}
