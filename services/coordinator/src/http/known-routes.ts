import { type AccessName, OPERATIONS, OTHER_ROUTES } from '@roundhouse/contracts';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route's row of the access matrix. */
    readonly access?: AccessName;
    /** Whether its answers get an ETag. */
    readonly etag?: boolean;
  }
}

/** What the access matrix says of addresses: `GET /api/tasks` and the like, by the name of the row. */
export const MATRIX_ROUTES: ReadonlyMap<string, AccessName> = new Map([
  ...Object.entries(OPERATIONS).map(([name, { method, path }]) => [`${method} ${path}`, name as AccessName] as const),
  ...Object.entries(OTHER_ROUTES).flatMap(([name, routes]) =>
    routes.map(({ method, path }) => [`${method} ${path}`, name as AccessName] as const),
  ),
]);

/**
 * Refuses to register a route that the access matrix does not know, or that stands under another row of it: such a service
 * does not start.
 */
export function holdToMatrix(app: FastifyInstance): void {
  app.addHook('onRoute', ({ method, url, config }) => {
    const access = (config as { access?: unknown } | undefined)?.access;
    for (const verb of [method].flat()) {
      // Fastify makes a HEAD of each GET, with the same hooks.
      const address = `${verb === 'HEAD' ? 'GET' : verb} ${url}`;
      if (access === undefined || MATRIX_ROUTES.get(address) !== access)
        throw new Error(`the access matrix does not know the route ${address}`);
    }
  });
}
