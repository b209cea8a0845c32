import { parseArgs } from 'node:util';
import { Uuid } from '@roundhouse/contracts';
import type { StdioEnvironment } from './config.ts';

export interface StdioOptions {
  readonly url: string;
  readonly coordinatorId: string | undefined;
  readonly taskId: string | undefined;
  /** The token itself, from the environment, or the file that holds it. */
  readonly token: { readonly text: string } | { readonly file: string };
  readonly doneToken: string | undefined;
}

/** The command line cannot be used: exit code 2, one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Reads the command line of the stdio entry.
 * @throws UsageError for unknown options, ids that are not UUIDs of version 4, no token, no address
 */
export function readStdioOptions(argv: readonly string[], environment: StdioEnvironment): StdioOptions {
  const values = parse(argv);
  const url = values.url ?? environment.ROUNDHOUSE_URL;
  if (url === undefined || !isHttpUrl(url))
    throw new UsageError('--url (or ROUNDHOUSE_URL) must be the http:// address of the coordinator');
  const file = values['token-file'];
  const text = environment.ROUNDHOUSE_TOKEN?.trim();
  if (file === undefined && (text === undefined || text === '')) {
    throw new UsageError('a token is needed: in ROUNDHOUSE_TOKEN, or in a file named by --token-file');
  }
  return {
    url,
    coordinatorId: idOf('--coordinator-id', values['coordinator-id']),
    taskId: idOf('--task-id', values['task-id']),
    token: file === undefined ? { text: text as string } : { file },
    doneToken: environment.ROUNDHOUSE_DONE_TOKEN?.trim(),
  };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    const options = { url: text, 'coordinator-id': text, 'task-id': text, 'token-file': text };
    return parseArgs({ args: [...argv], options, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

// Ids become header values and parts of paths: one with a line break in it would write headers of its own.
function idOf(option: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  if (/[\r\n]/.test(value)) throw new UsageError(`${option} has a line break in it`);
  const id = Uuid.safeParse(value);
  if (!id.success) throw new UsageError(`${option} must be a UUID of version 4`);
  return id.data;
}

const isHttpUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
