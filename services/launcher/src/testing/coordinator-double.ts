import { once } from 'node:events';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DEFAULT_LIMITS, OPERATIONS, RoundhouseError, type SandboxProfile } from '@roundhouse/contracts';
import { assignmentOf } from './assignment-of.ts';

type Words = { taskId: string; attempt: number } & Record<string, unknown>;
type Answer = (input: Words) => unknown;

export const PROJECT = '11111111-1111-4111-8111-111111111111';
const { memoryMb, cpus, pids, diskMb } = DEFAULT_LIMITS;
/** What a claim asks for. */
export const PROFILE: SandboxProfile = {
  projectId: PROJECT,
  image: null,
  limits: { memoryMb, cpus, pids, diskMb },
  hubObjects: '/nowhere/objects',
  headCommit: 'a'.repeat(40),
};

/**
 * A real HTTP server that speaks the attempts part of the contract and nothing else, for tests of the launcher alone.
 * Its answers can be set one by one; what it was told is kept.
 */
export class CoordinatorDouble {
  readonly told: { operation: string; input: Words }[] = [];
  /** What a claim's token ends with: it tells the tiny runner what to do. */
  runnerWord = 'plain';
  archiveWord: 'archived' | 'save' | 'refuse' | 'hang' = 'save';
  want: 'run' | 'stop' | 'destroy' = 'run';
  stopSinceMs = 0;
  claim: Answer = ({ taskId, attempt }) => ({
    assignment: assignmentOf({ taskId, attempt, projectId: PROJECT }),
    runnerToken: `secret ${this.runnerWord}`,
    hubObjects: PROFILE.hubObjects,
    image: PROFILE.image,
    limits: PROFILE.limits,
  });
  /** What launchers are told to prepare for. */
  prepare: SandboxProfile[] = [];
  #server: Server | null = null;
  #port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  toldOf(operation: string): Words[] {
    return this.told.filter((entry) => entry.operation === operation).map((entry) => entry.input);
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => {
      void this.#answer(request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      });
    });
    this.#server = server;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const operation = Object.values(OPERATIONS).find(
      ({ path, method }) => path === request.url && method === request.method,
    );
    try {
      if (operation === undefined || request.headers.authorization !== 'Bearer launcher-secret') {
        throw new RoundhouseError('unauthenticated', `not for ${request.url}`);
      }
      const input = operation.input.parse(JSON.parse(Buffer.concat(chunks).toString())) as Words;
      this.told.push({ operation: operation.name, input });
      return { status: 200, body: this.#reply(operation.name, input) };
    } catch (error) {
      const known = error instanceof RoundhouseError ? error : new RoundhouseError('internal', String(error));
      return { status: known.status, body: known.toBody() };
    }
  }

  #reply(operation: string, input: Words): unknown {
    switch (operation) {
      case 'claimAttempt':
        return this.claim(input);
      case 'reconcileAttempts': {
        const sandboxes = input['sandboxes'] as Words[];
        return { wanted: sandboxes.map((ref) => ({ ...ref, want: this.want, stopSinceMs: this.stopSinceMs })) };
      }
      case 'archiveAttempt': {
        const archived = this.archiveWord === 'archived';
        const ref = `refs/archive/${input.taskId}/${input.attempt}`;
        return { archived, projectId: PROJECT, ref, token: archived ? null : `secret ${this.archiveWord}` };
      }
      case 'reportLauncher':
        return { prepare: this.prepare };
      default:
        return { ok: true };
    }
  }
}
