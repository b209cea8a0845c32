import { Command, InvalidArgumentError } from 'commander';
import { connectAsCoordinator, type ConnectOptions, withConnection } from '../../connect.ts';
import type { Context } from '../../context.ts';
import { oneLine, table } from '../../output.ts';

/** `roundhouse coordinator clients|log` */
export function callCommands(context: Context): Command[] {
  const { output } = context;
  const { dim, red } = output.colour;
  const clients = withConnection(new Command('clients'), context)
    .summary('list the programs that call in a coordinator’s name')
    .argument('<id>', 'the coordinator’s id')
    .action(async (id: string, options: ConnectOptions) => {
      const client = await connectAsCoordinator(context, { ...options, coordinator: id });
      const answer = await client.call('listClients', { id });
      if (options.json) return output.json(answer);
      const rows = answer.clients.map(({ name, version, agent, transport, lastSeen }) => [
        oneLine(name === null ? (agent ?? 'unnamed') : `${name} ${version ?? ''}`),
        transport,
        lastSeen,
      ]);
      output.line(table([['CLIENT', 'OVER', 'LAST SEEN'].map(dim), ...rows], output.columns));
    });
  const log = withConnection(new Command('log'), context)
    .summary('show a coordinator’s recent calls, the latest last')
    .argument('<id>', 'the coordinator’s id')
    .option('--limit <number>', 'how many, 1 to 200', limit, 50)
    .action(async (id: string, options: ConnectOptions & { limit: number }) => {
      const client = await connectAsCoordinator(context, { ...options, coordinator: id });
      const answer = await client.call('readLog', { id, limit: options.limit });
      if (options.json) return output.json(answer);
      const rows = answer.entries
        .toReversed()
        .map(({ at, operation, role, outcome, count, ms }) => [
          at,
          count === 1 ? operation : `${operation} × ${count}`,
          role,
          outcome === 'ok' ? outcome : red(outcome),
          `${ms} ms`,
        ]);
      output.line(table([['AT', 'CALL', 'BY', 'OUTCOME', 'TOOK'].map(dim), ...rows], output.columns));
    });
  return [clients, log];
}

function limit(text: string): number {
  const number = Number(text);
  if (!/^\d{1,3}$/.test(text) || number < 1 || number > 200) throw new InvalidArgumentError('It must be 1 to 200.');
  return number;
}
