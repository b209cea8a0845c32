import { ApiClient, TOKEN_PATTERN } from '@roundhouse/contracts';
import type { Command } from 'commander';
import { resolve } from 'node:path';
import type { Context } from './context.ts';
import { dataPaths } from './data-folder.ts';
import { EXIT, Failure } from './failure.ts';
import { readToken } from './secrets.ts';
import { currentEntry, readEndpoint, readState } from './state-files.ts';

/** The options by which every command finds its service. */
export interface ConnectOptions {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly data: string;
  readonly json: boolean;
}

/** Adds those options to a command. */
export const withConnection = (command: Command, context: Context): Command =>
  command
    .option('--url <url>', 'the API (default: ROUNDHOUSE_URL, else the service that runs on the data folder)')
    .option(
      '--token-file <file>',
      'a file that holds the token (default: ROUNDHOUSE_TOKEN or _TOKEN_FILE, else the operator’s of the data folder)',
    )
    .option('--data <dir>', 'the data folder of "roundhouse up"', context.config.dataFolder)
    .option('--json', 'answer in JSON', false);

/** Where a service is, and a token for it. */
export interface ConnectedService {
  readonly baseUrl: string;
  readonly token: string;
}

/**
 * The API with the operator's rights, or whatever the given token has.
 * @throws Failure where neither an address nor a token is to be found
 */
export async function connect(context: Context, options: ConnectOptions): Promise<ApiClient> {
  return new ApiClient(await findService(context, options));
}

/**
 * The API in the name of a coordinator: the named one; else the one that the token is bound to; else the one that
 * `roundhouse up` made for the repository of its last start.
 */
export async function connectAsCoordinator(
  context: Context,
  options: ConnectOptions & { readonly coordinator?: string },
): Promise<ApiClient> {
  const found = await findService(context, options);
  return new ApiClient({
    ...found,
    coordinatorId: options.coordinator ?? (await coordinatorOf(found, context, options)),
  });
}

async function coordinatorOf(found: ConnectedService, context: Context, options: ConnectOptions): Promise<string> {
  const identity = await new ApiClient(found).call('whoami', {});
  if (identity.role === 'coordinator') return identity.coordinatorId;
  const entry = currentEntry(await readState(dataPaths(resolve(context.cwd, options.data))));
  if (entry !== undefined) return entry.coordinator.id;
  const hint = 'Name one with --coordinator ID; "roundhouse coordinator ls" shows which there are.';
  throw new Failure('it is not known for which coordinator to act', { hint, exitCode: EXIT.usage });
}

/** The service that the options name, and a token for it. @throws Failure where neither is to be found */
export async function findService({ config, cwd }: Context, options: ConnectOptions): Promise<ConnectedService> {
  const paths = dataPaths(resolve(cwd, options.data));
  const baseUrl = options.url ?? config.url ?? (await readEndpoint(paths))?.api;
  if (baseUrl === undefined) {
    const hint = 'Start it with "roundhouse up" (npm start), or name it with --url or ROUNDHOUSE_URL.';
    throw new Failure(`no service runs on ${paths.folder}`, { hint, exitCode: EXIT.unreachable });
  }
  checkedUrl(baseUrl);
  return {
    baseUrl,
    token: (await tokenOf({ config, cwd }, options.tokenFile)) ?? (await readToken(paths.operatorToken)),
  };
}

/** The token that is named: by the option, else by ROUNDHOUSE_TOKEN, else by ROUNDHOUSE_TOKEN_FILE; null: none is. */
export async function tokenOf(
  { config, cwd }: Pick<Context, 'config' | 'cwd'>,
  tokenFile: string | undefined,
): Promise<string | null> {
  if (tokenFile !== undefined) return readToken(resolve(cwd, tokenFile));
  if (config.token === undefined)
    return config.tokenFile === undefined ? null : readToken(resolve(cwd, config.tokenFile));
  if (!TOKEN_PATTERN.test(config.token))
    throw new Failure('ROUNDHOUSE_TOKEN holds no token', { exitCode: EXIT.refused });
  return config.token;
}

/** A service that is to be used although none was started here: the option's, else ROUNDHOUSE_URL; null: none is named. */
export async function namedService(
  context: Context,
  options: { readonly connect?: string; readonly tokenFile?: string },
): Promise<ConnectedService | null> {
  const baseUrl = options.connect ?? context.config.url;
  if (baseUrl === undefined) return null;
  const token = await tokenOf(context, options.tokenFile);
  if (token !== null) return { baseUrl: checkedUrl(baseUrl), token };
  const hint = 'Name a file that holds an operator’s token: --token-file or ROUNDHOUSE_TOKEN_FILE.';
  throw new Failure(`no token for ${baseUrl}`, { hint, exitCode: EXIT.refused });
}

function checkedUrl(url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw new Failure(`${url} is no http:// address`, { exitCode: EXIT.usage });
}
