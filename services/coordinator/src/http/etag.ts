import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** The tags of an If-None-Match header; a weak comparison ignores what is before the quotes (RFC 9110 §8.8.3.2, §13.1.2). */
const TAG = /(?:W\/)?"[^"]*"/g;
const bare = (tag: string): string => tag.replace(/^W\//, '');

/**
 * Gives what was read an ETag, and answers 304 to whom has it already. The tag is of the answer, not of the record's
 * version alone: what is derived (why a task waits, what needs a look) changes without a new version.
 */
export function registerEtags(app: FastifyInstance): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const { etag } = request.routeOptions.config as { etag?: boolean };
    const tagged = etag === true && reply.statusCode === 200 && typeof payload === 'string';
    return tagged ? unlessUnchanged(request, reply, payload) : payload;
  });
}

function unlessUnchanged(request: FastifyRequest, reply: FastifyReply, payload: string): string {
  const tag = `W/"${createHash('sha256').update(payload).digest('base64url').slice(0, 27)}"`;
  void reply.header('etag', tag).header('cache-control', 'private, no-cache');
  const asked = request.headers['if-none-match'];
  if (asked === undefined) return payload;
  const known = asked.trim() === '*' || (asked.match(TAG) ?? []).some((one) => bare(one) === bare(tag));
  if (!known) return payload;
  void reply.code(304).removeHeader('content-type').removeHeader('content-length');
  return '';
}
