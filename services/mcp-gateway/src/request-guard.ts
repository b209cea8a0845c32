import type { IncomingMessage } from 'node:http';
import { HEADERS, RoundhouseError } from '@roundhouse/contracts';
import { claimedRole, type Credentials } from './identity.ts';

/**
 * Refuses requests that a web page of another origin could have caused (DNS rebinding): the Host header must name this
 * service, and an Origin header, where there is one, a host of the same list.
 * @throws RoundhouseError `bad_host` or `origin_refused`
 */
export function checkAddress(request: IncomingMessage, allowedHosts: readonly string[]): void {
  const host = hostNameOf(`http://${request.headers.host ?? ''}`);
  if (host === null || !allowedHosts.includes(host)) {
    throw new RoundhouseError('bad_host', 'The Host header does not name this service.');
  }
  const { origin } = request.headers;
  if (origin === undefined) return;
  const from = hostNameOf(origin);
  if (from === null || !allowedHosts.includes(from)) {
    throw new RoundhouseError('origin_refused', 'Requests of web pages of other origins are refused.');
  }
}

/**
 * Reads what the caller brought along. Only the form of the token is checked here.
 * @throws RoundhouseError `unauthenticated` where there is no token of that form
 */
export function readCredentials(request: IncomingMessage): Credentials {
  const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined || claimedRole(token) === null) {
    throw new RoundhouseError('unauthenticated', 'The request carries no token of this service.');
  }
  return {
    token,
    coordinatorId: single(request.headers[HEADERS.coordinatorId]),
    doneToken: single(request.headers[HEADERS.doneToken]),
    client: {
      transport: 'mcp-http',
      name: null,
      version: null,
      agent: request.headers['user-agent']?.slice(0, 100) ?? null,
    },
  };
}

function hostNameOf(url: string): string | null {
  if (!/^https?:\/\/[^/\\?#@]+$/i.test(url)) return null;
  try {
    return new URL(url).hostname.toLowerCase();
  } catch {
    return null;
  }
}

const single = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value.join(', ') : value;
