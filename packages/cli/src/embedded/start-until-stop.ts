import type { CliConfig } from '../config.ts';
import { type EmbeddedOptions, type EmbeddedService, startEmbeddedService } from './embedded-service.ts';
import type { StopSignals } from './stop-signals.ts';

/** What a command says of a service of its own; the rest is configured, or follows from the wish to stop. */
export type OwnServiceOptions = Omit<
  EmbeddedOptions,
  'redisUrl' | 'dockerSocket' | 'logLevel' | 'inherited' | 'signal'
>;

/**
 * Starts the whole service for a command that ends it when it is told to stop. That gives up a start; once the service runs, a
 * stop is orderly and the command's to do, and only who has no patience with it ends everything at once.
 * @throws the reason of the wish to stop, or why it could not be started; nothing of it is left then
 */
export async function startUntilStop(
  { redisUrl, dockerSocket, logLevel, inherited }: CliConfig,
  signals: Pick<StopSignals, 'stop' | 'hurry'>,
  own: OwnServiceOptions,
): Promise<EmbeddedService> {
  signals.stop.throwIfAborted();
  const patience = new AbortController();
  const end = (): void => patience.abort();
  signals.hurry.addEventListener('abort', end, { once: true });
  signals.stop.addEventListener('abort', end, { once: true });
  try {
    return await startEmbeddedService({
      ...own,
      redisUrl,
      dockerSocket,
      logLevel,
      inherited,
      signal: patience.signal,
    });
  } finally {
    signals.stop.removeEventListener('abort', end);
  }
}
