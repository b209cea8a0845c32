import { LINK_PATH, RoundhouseError } from '@roundhouse/contracts';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const LOCAL = ['localhost', '127.0.0.1', '[::1]'];
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i;

/**
 * Requests must name this service, and must not come from a web page of elsewhere: a browser on the same machine would
 * otherwise reach it under a name that an attacker resolves to this address (DNS rebinding).
 */
export function registerGuard(app: FastifyInstance, allowedHosts: readonly string[]): void {
  const allowed = new Set([...LOCAL, ...allowedHosts].map((host) => host.toLowerCase()));
  const nameOf = (host: string): string | null => HOST.exec(host)?.[1]?.toLowerCase() ?? null;
  app.addHook('onRequest', async (request) => {
    const name = nameOf(request.headers.host ?? '');
    if (name === null || !allowed.has(name))
      throw new RoundhouseError('bad_host', 'the Host header names another service');
    const { origin } = request.headers;
    if (origin === undefined) return;
    const from = URL.canParse(origin) ? nameOf(new URL(origin).host) : null;
    if (from === null || !allowed.has(from))
      throw new RoundhouseError('origin_refused', 'the request comes from a page of another origin');
  });
}

/**
 * A request that asks to become a WebSocket has no body any more by the time that it gets here, and would be upgraded on any
 * path. Only the link is one.
 */
export async function refuseUpgrade(request: FastifyRequest): Promise<void> {
  if (request.headers.upgrade === undefined || request.routeOptions.url === LINK_PATH) return;
  throw new RoundhouseError('bad_request', 'this path has no WebSocket: send the request without an Upgrade header');
}

/** @throws RoundhouseError `stopping` */
export function refuseWhileStopping(stopping: AbortSignal): void {
  if (stopping.aborted) throw new RoundhouseError('stopping', 'the service is stopping');
}
