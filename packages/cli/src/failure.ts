import { RoundhouseError, UnreachableError } from '@roundhouse/contracts';

/** What a script can tell from the exit code. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  conflict: 3,
  notFound: 4,
  refused: 5,
  unreachable: 6,
  timedOut: 7,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The end of a command that did not succeed: what, what to do about it, and the exit code. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly hint: string | null;
  readonly exitCode: ExitCode;

  constructor(
    message: string,
    options: { readonly hint?: string; readonly exitCode?: ExitCode; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.hint = options.hint ?? null;
    this.exitCode = options.exitCode ?? EXIT.failed;
  }
}

export interface Explained {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly exitCode: ExitCode;
}

/** Puts any error into words for a person and a code for a script. */
export function explain(error: unknown): Explained {
  if (error instanceof Failure) {
    return { code: 'failed', message: error.message, hint: error.hint, exitCode: error.exitCode };
  }
  if (error instanceof RoundhouseError) {
    const { code, message, hint } = error.toBody().error;
    return { code, message: withDetails(message, error.details), hint, exitCode: exitCodeOf(error) };
  }
  if (error instanceof UnreachableError) {
    const hint = 'Start the service with "roundhouse up" (npm start), or name it with --url.';
    return { code: 'service_unreachable', message: error.message, hint, exitCode: EXIT.unreachable };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'failed', message: message.replaceAll(/\s*\n\s*/g, ' '), hint: null, exitCode: EXIT.failed };
}

function exitCodeOf({ status }: RoundhouseError): ExitCode {
  if (status === 401 || status === 403) return EXIT.refused;
  if (status === 404) return EXIT.notFound;
  if (status === 409) return EXIT.conflict;
  return status < 500 ? EXIT.usage : EXIT.failed;
}

function withDetails(message: string, details: RoundhouseError['details']): string {
  const issues: unknown = details?.['issues'] ?? details?.['files'];
  if (!Array.isArray(issues) || issues.length === 0) return message;
  return `${message} (${issues
    .slice(0, 5)
    .map((issue) => (typeof issue === 'string' ? issue : JSON.stringify(issue)))
    .join('; ')})`;
}
