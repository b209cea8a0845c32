import type { TokenInfo } from '@roundhouse/contracts';
import { Command, InvalidArgumentError, Option } from 'commander';
import { allOf } from '../all-pages.ts';
import { connect, type ConnectOptions, withConnection } from '../connect.ts';
import type { Context } from '../context.ts';
import { EXIT, Failure } from '../failure.ts';
import { printable, table } from '../output.ts';
import { qrLines } from '../qr-code.ts';

interface CreateOptions extends ConnectOptions {
  readonly role: 'operator' | 'coordinator' | 'mobile';
  readonly coordinator?: string;
  readonly label?: string;
  readonly expiresIn?: number;
  readonly qr: boolean;
}

/** `roundhouse token create|rotate|revoke|ls` */
export function tokenCommand(context: Context): Command {
  const { output } = context;
  const create = withConnection(new Command('create'), context)
    .summary('create a token; it is shown once')
    .addOption(
      new Option('--role <role>', 'whom it speaks for')
        .choices(['operator', 'coordinator', 'mobile'])
        .makeOptionMandatory(),
    )
    .option('--coordinator <id>', 'the coordinator, for the role coordinator')
    .option('--label <text>', 'what to call it')
    .option('--expires-in <seconds>', 'how long it is good for', seconds)
    .option('--qr', 'show it as a QR code too, for a phone', false)
    .action(async (options: CreateOptions) => {
      if (options.qr && options.role !== 'mobile')
        throw new Failure('only a token of the role mobile is safe to show', { exitCode: EXIT.usage });
      const { role, coordinator, label, expiresIn } = options;
      const answer = await (
        await connect(context, options)
      ).call('createToken', {
        role,
        ...(coordinator === undefined ? {} : { coordinatorId: coordinator }),
        ...(label === undefined ? {} : { label }),
        ...(expiresIn === undefined ? {} : { expiresInSeconds: expiresIn }),
      });
      if (options.json) return output.json(answer);
      output.line(answer.token);
      const { bgBlack, whiteBright } = output.colour;
      if (options.qr) for (const line of qrLines(answer.token)) output.line(bgBlack(whiteBright(line)));
      output.note(`Its id, to revoke it by: ${answer.info.id}. The token is shown this once.`);
    });
  const rotate = withConnection(new Command('rotate'), context)
    .summary('give a token a new secret; it is shown once')
    .argument('<id>', 'the token’s id, as "token ls" shows it')
    .option('--grace <seconds>', 'how long the old secret stays good, up to a day (default: not at all)', seconds, 0)
    .action(async (id: string, options: ConnectOptions & { grace: number }) => {
      const client = await connect(context, options);
      const answer = await client.call('rotateToken', { id, graceSeconds: options.grace });
      if (options.json) return output.json(answer);
      output.line(answer.token);
      const { previousUntil } = answer.info;
      output.note(
        previousUntil === null
          ? 'The old secret is refused from now on.'
          : `The old secret is good until ${previousUntil}.`,
      );
    });
  const revoke = withConnection(new Command('revoke'), context)
    .summary('refuse a token from now on')
    .argument('<id>', 'the token’s id, as "token ls" shows it')
    .action(async (id: string, options: ConnectOptions) => {
      const info = await (await connect(context, options)).call('revokeToken', { id });
      if (options.json) output.json(info);
      else output.line(`${info.id} is revoked since ${info.revokedAt ?? 'now'}`);
    });
  const list = withConnection(new Command('ls'), context)
    .summary('list tokens, without their secrets')
    .action(async (options: ConnectOptions) => {
      const client = await connect(context, options);
      const tokens = await allOf(client, 'listTokens', (page) => page.tokens);
      if (options.json) return output.json({ tokens });
      const rows = tokens.map((token) => [token.id, token.identity.role, printable(token.label), stateOf(token)]);
      output.line(table([['ID', 'ROLE', 'LABEL', 'STATE'], ...rows], output.columns));
    });
  return new Command('token')
    .summary('create, rotate, revoke and list tokens')
    .addCommand(create)
    .addCommand(rotate)
    .addCommand(revoke)
    .addCommand(list);
}

function stateOf({ revokedAt, expiresAt }: TokenInfo): string {
  if (revokedAt !== null) return 'revoked';
  if (expiresAt === null) return 'good';
  return expiresAt <= new Date().toISOString() ? 'expired' : `good until ${expiresAt}`;
}

function seconds(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of seconds.');
  return Number(text);
}
