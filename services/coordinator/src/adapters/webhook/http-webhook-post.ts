import { createHmac } from 'node:crypto';
import { type LookupAddress, lookup } from 'node:dns';
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { WEBHOOK_HEADERS } from '@roundhouse/contracts';
import type { WebhookPost } from '../../ports/notifications.ts';
import { type Reach, reachOf } from './address-reach.ts';

/** How long a receiver may take to answer, from the name to the status, ms. */
const POST_MS = 10_000;
const MAX_ERROR = 300;

/** `t=<seconds>,v1=<hex>`: HMAC-SHA256 (RFC 2104) of "<seconds>.<body>", so that an old message is known as one. */
export function signatureOf(secret: string, body: string, nowMs: number): string {
  const seconds = Math.floor(nowMs / 1_000);
  return `t=${seconds},v1=${createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')}`;
}

/**
 * Posts with Node's own client, which follows no redirect and heeds no proxy. A name is resolved once, its addresses are
 * judged, and the connection goes to one of exactly those: what the name resolves to a moment later changes nothing.
 */
export function createHttpWebhookPost(allowPrivate: boolean): WebhookPost {
  const permits = (reach: Reach): boolean => reach === 'public' || (allowPrivate && reach === 'inside');
  const judged: LookupFunction = (name, options, callback) => {
    lookup(name, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const allowed = error === null ? found.filter(({ address }) => permits(reachOf(address))) : [];
      const [first] = allowed;
      if (error !== null) callback(error, []);
      else if (first === undefined) callback(new Error(`${name} leads to a private address`), []);
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };

  const refusal = (text: string): string | null => {
    const { protocol, hostname, username, password } = new URL(text);
    if (protocol !== 'http:' && protocol !== 'https:') return 'it is neither http nor https';
    if (username !== '' || password !== '') return 'it has a password in it';
    const host = hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0) return permits(reachOf(host)) ? null : `${host} is no public address`;
    return !allowPrivate && /(^|\.)localhost\.?$/.test(host) ? `${host} is no public address` : null;
  };

  const post: WebhookPost['post'] = async ({ id, body, url, secret }, stopping) => {
    const refused = refusal(url);
    if (refused !== null) return refused;
    const signal = AbortSignal.any([stopping, AbortSignal.timeout(POST_MS)]);
    const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      // A connection of its own: a pooled one would have been judged at another time.
      agent: false,
      lookup: judged,
      signal,
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'roundhouse-webhook',
        [WEBHOOK_HEADERS.delivery]: id,
        [WEBHOOK_HEADERS.signature]: signatureOf(secret, body, Date.now()),
      },
    });
    // What comes after the status, or after the answer was let go, is nobody's concern.
    request.on('error', () => undefined);
    try {
      request.end(body);
      const [response] = (await once(request, 'response', { signal })) as [IncomingMessage];
      const status = response.statusCode ?? 0;
      return status >= 200 && status < 300 ? null : `it answered ${status}`;
    } catch (error) {
      if (signal.aborted) return 'it did not answer in time';
      return (error instanceof Error ? error.message : String(error)).slice(0, MAX_ERROR);
    } finally {
      request.destroy();
    }
  };
  return { post, refusal };
}
