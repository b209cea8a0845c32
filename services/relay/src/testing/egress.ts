import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { temporaryFolder } from '@roundhouse/testkit';
import { egressProxies } from '../adapters/egress/egress-proxy.ts';
import { createResolver } from '../adapters/egress/system-resolver.ts';
import { parseEgressRules } from '../domain/egress-rules.ts';
import type { Resolve } from '../ports.ts';
import { openDoor } from '../sockets/door.ts';
import { recordingLog } from './running-relay.ts';
import { startHttp, type TestServer } from './servers.ts';

export interface TestProxy {
  readonly socket: string;
  readonly lines: readonly Record<string, unknown>[];
  /** The names that it has resolved. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/** The egress door alone, with rules and a resolver of the test's choice. */
export async function startTestProxy(allow: string, resolve: Resolve = createResolver()()): Promise<TestProxy> {
  const folder = await temporaryFolder();
  const { log, lines } = recordingLog();
  const asked: string[] = [];
  const watched: Resolve = (name, signal) => {
    asked.push(name);
    return resolve(name, signal);
  };
  const server = egressProxies({ rules: parseEgressRules(allow).rules, resolver: () => watched, log })();
  const door = await openDoor(server, {
    folder: folder.path,
    name: 'egress.sock',
    maxConnections: 1_024,
    share: { enter: () => true, leave: () => undefined },
    turnedAway: () => undefined,
    log,
  });
  const close = async (): Promise<void> => {
    await door.close(500);
    await folder.remove();
  };
  return { socket: join(folder.path, 'egress.sock'), lines, asked, close };
}

/** Answers with what it got: the request line, all headers, the body. */
export const startMirror = (): Promise<TestServer> =>
  startHttp((request, response) => {
    void text(request).then((body) => {
      const { method, url, rawHeaders } = request;
      response.writeHead(200, {
        'x-kept': 'yes',
        'x-dropped': 'no',
        'proxy-authenticate': 'x',
        connection: 'x-dropped',
      });
      response.end(JSON.stringify({ method, url, rawHeaders, body }));
    });
  });
