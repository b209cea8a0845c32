import { AgentKind, type Breaker } from '@roundhouse/contracts';
import { Argument, Command, InvalidArgumentError } from 'commander';
import { connect, type ConnectOptions, withConnection } from '../connect.ts';
import type { Context } from '../context.ts';
import { oneLine, type Output, table } from '../output.ts';
import { duration } from './duration.ts';

const HEAD = ['AGENT', 'STATE', 'REASON'];

interface OpenOptions extends ConnectOptions {
  readonly for?: number;
  readonly reason?: string;
}

/** `roundhouse breaker ls|open|close` */
export function breakerCommand(context: Context): Command {
  const { output } = context;
  const kind = () => new Argument('<agent>', 'the kind of agent').choices(AgentKind.options).argParser(agentKind);
  const tell = (breakers: readonly Breaker[], answer: object, { json }: ConnectOptions): void => {
    if (json) return output.json(answer);
    output.line(table([HEAD.map(output.colour.dim), ...breakers.map((one) => row(one, output))], output.columns));
  };

  const list = withConnection(new Command('ls'), context)
    .summary('say of which agents the quota is used up, and until when')
    .action(async (options: ConnectOptions) => {
      const answer = await (await connect(context, options)).call('listBreakers', {});
      tell(answer.breakers, answer, options);
    });
  const open = withConnection(new Command('open'), context)
    .summary('start no task with that agent for now; those that run go on')
    .addArgument(kind())
    .option('--for <duration>', 'how long, e.g. 90s, 15m, 2h (default: a task tries after a minute)', duration)
    .option('--reason <text>', 'why, for whoever waits')
    .action(async (agent: AgentKind, options: OpenOptions) => {
      const { for: seconds, reason } = options;
      const until = seconds === undefined ? undefined : new Date(Date.now() + seconds * 1_000).toISOString();
      const answer = await (
        await connect(context, options)
      ).call('setBreaker', {
        kind: agent,
        state: 'open',
        ...(until === undefined ? {} : { until }),
        ...(reason === undefined ? {} : { reason }),
      });
      tell([answer], answer, options);
    });
  const close = withConnection(new Command('close'), context)
    .summary('start tasks with that agent again')
    .addArgument(kind())
    .action(async (agent: AgentKind, options: ConnectOptions) => {
      const answer = await (await connect(context, options)).call('setBreaker', { kind: agent, state: 'closed' });
      tell([answer], answer, options);
    });
  return new Command('breaker')
    .summary('see and set which agents are out of quota')
    .addCommand(list)
    .addCommand(open)
    .addCommand(close);
}

function agentKind(text: string): AgentKind {
  const kind = AgentKind.safeParse(text);
  if (!kind.success) throw new InvalidArgumentError(`It must be one of ${AgentKind.options.join(', ')}.`);
  return kind.data;
}

function row({ kind, state, until, retryAt, reason }: Breaker, { colour }: Output): string[] {
  const when = until === null ? (retryAt === null ? '' : `, tried again at ${retryAt}`) : ` until ${until}`;
  const words = state === 'half_open' ? 'a task tries whether it is back' : `used up${when}`;
  return [kind, state === 'closed' ? colour.green('there is quota') : colour.red(words), oneLine(reason ?? '')];
}
