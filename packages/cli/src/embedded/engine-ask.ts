import { request } from 'node:http';
import { text } from 'node:stream/consumers';

/** What the Docker engine answered. */
export interface EngineAnswer {
  readonly status: number;
  readonly body: unknown;
}

const TIMEOUT_MS = 15_000;

/**
 * One request to the Docker engine at a Unix socket. Only what a start must know beforehand and a stop must see to in the
 * end is asked here; sandboxes are the launcher's. At most 15 s.
 * @throws Error where no engine answers
 */
export function askEngine(
  socketPath: string,
  method: 'GET' | 'DELETE',
  path: string,
  signal?: AbortSignal,
): Promise<EngineAnswer> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const bound = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
  return new Promise((resolve, reject) => {
    const asked = request(
      { socketPath, path, method, headers: { host: 'docker' }, signal: bound, agent: false },
      (answer) => {
        text(answer).then((body) => {
          resolve({ status: answer.statusCode ?? 0, body: parsed(body) });
        }, reject);
      },
    );
    asked.once('error', reject);
    asked.end();
  });
}

/** Not everything that the engine says is JSON: a ping answers "OK". */
function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
