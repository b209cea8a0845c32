import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeFileAtomic } from '@roundhouse/host';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type ConnectOptions, findService, withConnection } from '../connect.ts';
import type { Context } from '../context.ts';
import { dataPaths } from '../data-folder.ts';
import { MCP_STDIO_MAIN } from '../embedded/service-table.ts';
import { EXIT, Failure } from '../failure.ts';
import {
  type Connection,
  MCP_CLIENT_NAMES,
  MCP_CLIENTS,
  type McpClient,
  type McpClientName,
} from '../mcp-config/clients.ts';
import { coordinatorAccess } from '../mcp-config/coordinator-access.ts';
import { entryText } from '../mcp-config/entry-text.ts';
import { type Place, undoEntry, writeEntry } from '../mcp-config/settings-file.ts';
import { readEndpoint } from '../state-files.ts';

interface ConfigOptions extends ConnectOptions {
  readonly client: McpClientName;
  readonly transport: Connection['transport'];
  readonly name: string;
  readonly coordinator?: string;
  readonly file?: string;
  readonly mcpUrl?: string;
  readonly write: boolean;
  readonly undo: boolean;
}

const EXAMPLES = `
Examples:
  roundhouse mcp config --client claude             what to put where, on standard output
  roundhouse mcp config --client codex --write      put it there: 0600, all else stays as it is
  roundhouse mcp config --client codex --undo       as it was before`;

/** `roundhouse mcp config` */
export function mcpCommand(context: Context): Command {
  const config = withConnection(new Command('config'), context)
    .summary('print or write what an MCP client needs to be a coordinator')
    .addOption(new Option('--client <client>', 'whose settings').choices(MCP_CLIENT_NAMES).makeOptionMandatory())
    .addOption(
      new Option('--transport <transport>', 'over HTTP, or as a program that the client starts')
        .choices(['http', 'stdio'])
        .default('http'),
    )
    .option('--name <name>', 'under which name the client knows it', name, 'roundhouse')
    .option('--coordinator <id>', 'which coordinator it is (default: that of the last "roundhouse up")')
    .option('--file <file>', 'the settings (default: the user’s own of that client)')
    .option('--mcp-url <url>', 'the gateway (default: ROUNDHOUSE_MCP_URL, else the one that runs on the data folder)')
    .option('--write', 'write it into the settings', false)
    .addOption(new Option('--undo', 'take back what --write did').default(false).conflicts('write'))
    .addHelpText('after', EXAMPLES)
    .action((options: ConfigOptions) => (options.undo ? undo(context, options) : give(context, options)));
  return new Command('mcp').summary('connect MCP clients').addCommand(config);
}

async function give(context: Context, options: ConfigOptions): Promise<void> {
  const { output, cwd } = context;
  const client = MCP_CLIENTS[options.client];
  const place = await placeOf(context, options);
  const service = await findService(context, options);
  const access = await coordinatorAccess(context, options, service);
  const entry = client.entry(await connectionOf(context, options, service.baseUrl, access));
  const text = entryText(client, options.name, entry);
  if (options.write) await writeEntry(place, entry, access.tokenId);
  const { file } = place;
  if (options.json) {
    const { tokenId, coordinatorId } = access;
    return output.json({ client: options.client, file, written: options.write, coordinatorId, tokenId, entry });
  }
  if (options.write) output.line(`${client.title} knows it as "${options.name}" from its next start: ${file}`);
  else {
    output.note(`# ${file}`);
    output.raw(text);
  }
  if (access.tokenId !== null)
    output.note(`A token was made for it; to revoke it: roundhouse token revoke ${access.tokenId}`);
  if (options.file !== undefined && options.write && resolve(cwd, options.file).startsWith(`${cwd}/`))
    output.note('There is a token in that file: keep it out of the repository.');
}

async function undo(context: Context, options: ConfigOptions): Promise<void> {
  const { output } = context;
  const place = await placeOf(context, options);
  const undone = await undoEntry(place);
  if (options.json) return output.json({ file: place.file, ...undone });
  output.line(
    undone.outcome === 'restored'
      ? `${place.file} is as it was`
      : `${place.file} has changed since: only "${options.name}" is taken out`,
  );
  if (undone.tokenId !== null)
    output.note(`Its token is still good; to revoke it: roundhouse token revoke ${undone.tokenId}`);
}

async function placeOf({ config, cwd }: Context, options: ConfigOptions): Promise<Place> {
  const client: McpClient = MCP_CLIENTS[options.client];
  const { name, file } = options;
  const records = dataPaths(resolve(cwd, options.data)).mcpConfigs;
  if (file !== undefined) return { client, name, records, file: resolve(cwd, file) };
  const files = client.files({ platform: process.platform, ...config.settings });
  for (const known of files) if (await isThere(known)) return { client, name, records, file: known };
  return { client, name, records, file: files.at(-1) as string };
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

async function connectionOf(
  { config, cwd }: Context,
  options: ConfigOptions,
  api: string,
  { token, coordinatorId }: { readonly token: string; readonly coordinatorId: string },
): Promise<Connection> {
  const paths = dataPaths(resolve(cwd, options.data));
  if (options.transport === 'stdio') {
    // Arguments are for all to see, and so are some clients' settings: the token lies in a file of its own.
    const tokenFile = join(paths.secrets, `coordinator-${coordinatorId}`);
    await writeFileAtomic(tokenFile, `${token}\n`, { mode: 0o600 });
    const args = [MCP_STDIO_MAIN, '--url', api, '--token-file', tokenFile];
    return { transport: 'stdio', command: process.execPath, args };
  }
  const url = options.mcpUrl ?? config.mcpUrl ?? (await readEndpoint(paths))?.mcp;
  if (url === undefined) {
    const hint = 'Name it with --mcp-url or ROUNDHOUSE_MCP_URL, or take --transport stdio.';
    throw new Failure('it is not known where the gateway is', { hint, exitCode: EXIT.usage });
  }
  return { transport: 'http', url, headers: { Authorization: `Bearer ${token}` } };
}

function name(text: string): string {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(text))
    throw new InvalidArgumentError('It must be letters, digits, "-" and "_", at most 64.');
  return text;
}
