import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from '@roundhouse/contracts';
import type { Context } from '../context.ts';
import { dataPaths } from '../data-folder.ts';
import { openLog } from '../embedded/log-output.ts';
import type { SandboxChoice } from '../embedded/sandbox-choice.ts';
import { startUntilStop } from '../embedded/start-until-stop.ts';
import type { StopSignals } from '../embedded/stop-signals.ts';
import { Failure } from '../failure.ts';
import { printable } from '../output.ts';

/** The service that a run works with: one of its own, or one that runs already. */
export interface PlanService {
  readonly api: string;
  readonly operatorToken: string;
  readonly own: boolean;
  /** Aborted, with the reason, where a part of it could not be kept running. */
  readonly broken: AbortSignal;
  /** A folder for this run's own files; gone after stop. */
  readonly scratch: string;
  /** The last lines of its log; null where the log is somebody else's. */
  lastWords(): Promise<string | null>;
  /** Ends what was started and removes the folder. Answers what could not be ended, in words; null: nothing is left. */
  stop(): Promise<string | null>;
}

const LAST_LINES = 15;

/** Starts a service on free ports with its data in a temporary folder. */
export async function startOwnService(
  { config }: Context,
  parts: {
    readonly sandbox: SandboxChoice;
    readonly slots: number;
    readonly say: (text: string) => void;
    readonly signals: StopSignals;
  },
): Promise<PlanService> {
  const { sandbox, slots, say, signals } = parts;
  const scratch = await mkdtemp(join(tmpdir(), 'roundhouse-run-'));
  const paths = dataPaths(join(scratch, 'data'));
  const log = await openLog(join(scratch, 'services.log'));
  const broken = new AbortController();
  const lastWords = async (): Promise<string> =>
    printable(
      (await readFile(join(scratch, 'services.log'), 'utf8')).trimEnd().split('\n').slice(-LAST_LINES).join('\n'),
    );
  const remove = (): Promise<void> => rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  try {
    const service = await startUntilStop(config, signals, {
      paths,
      port: 0,
      mcpPort: 0,
      slots,
      sandbox,
      output: log.fd,
      say,
      onGivenUp: (reason) => broken.abort(reason),
    });
    return {
      api: service.api,
      operatorToken: service.operatorToken,
      own: true,
      broken: broken.signal,
      scratch,
      lastWords,
      async stop() {
        const left = await service.stop();
        await log.close();
        await remove();
        return left.length === 0 ? null : `these could not be ended: ${left.join(', ')}`;
      },
    };
  } catch (error) {
    const words = await lastWords();
    await log.close();
    await remove();
    if (signals.stop.aborted || words === '') throw error;
    throw new Failure(error instanceof Error ? error.message : String(error), { hint: words, cause: error });
  }
}

/**
 * Uses a service that runs already.
 * @throws an error of the service, or that it is away; Failure where the token is no operator's
 */
export async function useService(api: string, operatorToken: string, signal: AbortSignal): Promise<PlanService> {
  const { role } = await new ApiClient({ baseUrl: api, token: operatorToken }).call('whoami', {}, { signal });
  if (role !== 'operator') {
    const hint = 'A run makes a project and a coordinator of its own, which needs an operator’s token.';
    throw new Failure(`the token is of role ${role}`, { hint });
  }
  const scratch = await mkdtemp(join(tmpdir(), 'roundhouse-run-'));
  return {
    api,
    operatorToken,
    own: false,
    broken: new AbortController().signal,
    scratch,
    lastWords: () => Promise.resolve(null),
    async stop() {
      await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
      return null;
    },
  };
}
