import { HEADERS, type TokenInfo, readClientHeader } from '@roundhouse/contracts';
import type { FastifyRequest } from 'fastify';
import type { Deps } from '../handlers/deps.ts';
import { header } from './authenticate.ts';
import { trailOf } from './call-trail.ts';

/** Remembers by which program a coordinator is called, in that program's words. It is nothing to wait for, or to fail on. */
export function noteClient(
  { presence, clock, log }: Pick<Deps, 'clock' | 'presence' | 'log'>,
  request: FastifyRequest,
  { id, identity }: TokenInfo,
): void {
  // A sub-task's agent is no client of its coordinator's.
  if ('taskId' in identity) return;
  const coordinatorId = 'coordinatorId' in identity ? identity.coordinatorId : trailOf(request).coordinatorId;
  if (coordinatorId === null) return;
  const info = readClientHeader(header(request, HEADERS.client)) ?? {
    transport: 'http' as const,
    name: null,
    version: null,
    agent: header(request, 'user-agent')?.slice(0, 100) ?? null,
  };
  presence
    .clientSeen(coordinatorId, id, info, clock.now())
    .catch((error: unknown) => log.debug({ err: error }, 'a client could not be noted'));
}
