import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DEFAULT_LIMITS, type Identity, type Task } from '@roundhouse/contracts';

export const COORDINATOR_ID = '11111111-1111-4111-8111-111111111111';
export const TASK_ID = '22222222-2222-4222-8222-222222222222';
const token = (role: string): string => `rh_${role}_${'0'.repeat(32)}_${role.padEnd(43, 'x')}`;

export const TOKENS = {
  coordinator: token('coordinator'),
  operator: token('operator'),
  subtask: token('subtask'),
  mobile: token('mobile'),
  paired: token('paired'),
  runner: token('runner'),
  launcher: token('launcher'),
  unknown: `rh_coordinator_${'9'.repeat(32)}_${'y'.repeat(43)}`,
} as const;

const IDENTITIES: Readonly<Record<string, Identity>> = {
  [TOKENS.coordinator]: { role: 'coordinator', coordinatorId: COORDINATOR_ID },
  [TOKENS.operator]: { role: 'operator' },
  [TOKENS.mobile]: { role: 'mobile' },
  [TOKENS.paired]: { role: 'paired', coordinatorId: COORDINATOR_ID },
  [TOKENS.launcher]: { role: 'launcher' },
  [TOKENS.runner]: { role: 'runner', coordinatorId: COORDINATOR_ID, taskId: TASK_ID, attempt: 1, ref: 'refs/heads/x' },
  [TOKENS.subtask]: { role: 'subtask', coordinatorId: COORDINATOR_ID, taskId: TASK_ID, attempt: 1 },
};

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** What the server answers to a request that is not whoami; `hold` never answers; a stream is written to while it is open. */
export type Answer =
  | { readonly status: number; readonly body: unknown }
  | { readonly stream: (write: (text: string) => void) => void }
  | 'hold';

/** A real HTTP server that speaks the contract, in the coordinator's place: it records what it was asked. */
export async function startContractServer(answer: (seen: Seen) => Answer) {
  const seen: Seen[] = [];
  const asked: string[] = [];
  const introduced: string[] = [];
  const open = new Set<ServerResponse>();
  let connectionsCut = 0;
  let onCut: () => void = () => undefined;
  let onHold: () => void = () => undefined;
  const cut = new Promise<void>((resolve) => (onCut = resolve));
  const held = new Promise<void>((resolve) => (onHold = resolve));
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString('utf8');
      const { method = '', url = '', headers } = request;
      const send = (status: number, body: unknown): void => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
      const identity = IDENTITIES[(headers.authorization ?? '').replace('Bearer ', '')];
      asked.push(url);
      const refused = { code: 'unauthenticated', message: 'no such token', hint: 'get one', retry: false };
      if (identity === undefined) return send(401, { error: refused });
      const client = headers['x-roundhouse-client'];
      if (typeof client === 'string') introduced.push(client);
      if (url === '/api/whoami') return send(200, identity);
      const entry: Seen = { method, url, headers, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
      seen.push(entry);
      const given = answer(entry);
      if (given !== 'hold' && 'status' in given) return send(given.status, given.body);
      open.add(response);
      response.once('close', () => {
        open.delete(response);
        connectionsCut += 1;
        onCut();
      });
      if (given !== 'hold') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        given.stream((text) => void response.write(text));
      }
      onHold();
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    /** The address of every request, of refused ones and of whoami too. */
    asked,
    /** What every request said of the client that it is for. */
    introduced,
    /** Resolves when a held call was cut by the caller, or when the first one is held. */
    cut,
    held,
    cuts: () => connectionsCut,
    /** Cuts what is held or streamed, as a service does that dies. */
    breakStreams: () => open.forEach((response) => response.destroy()),
    async stop(): Promise<void> {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

const NOW = '2026-11-23T01:02:03.000Z';

export const sampleTask = (changes: Partial<Task> = {}): Task => ({
  id: TASK_ID,
  version: 1,
  coordinatorId: COORDINATOR_ID,
  projectId: '33333333-3333-4333-8333-333333333333',
  name: 'a task',
  hosts: null,
  branch: 'task/a-task-22222222',
  baseBranch: 'main',
  agent: { kind: 'scripted' },
  limits: DEFAULT_LIMITS,
  image: null,
  deadline: null,
  allowLandSelf: true,
  priority: 5,
  dependsOn: [],
  onDependencyFailure: 'fail',
  resultSchema: null,
  admission: { state: 'admitted', at: '2026-01-01T00:00:00.000Z' },
  createdAt: NOW,
  updatedAt: NOW,
  attempt: 1,
  sandboxes: [],
  lifecycle: { state: 'queued' },
  closing: null,
  activity: { state: 'booting', evidence: 'none', question: null, at: NOW },
  completion: { state: 'none' },
  delivery: { state: 'none' },
  landing: { state: 'none' },
  control: { holder: 'coordinator' },
  typed: null,
  questions: [],
  reports: [],
  resumes: [],
  prompts: [],
  settled: false,
  attention: null,
  ...changes,
});
