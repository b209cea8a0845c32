import { authorityOf, readAuthority, type Target } from './host-name.ts';

export interface PlainRequest {
  readonly target: Target;
  /** Path and query, byte for byte. */
  readonly path: string;
  /** What the Host header has to say (RFC 9112 §3.2.2: the request's own word gives way). */
  readonly host: string;
}

const ABSOLUTE = /^http:\/\/([^/?#]*)([^#]*)/i;

/** Reads the absolute form of a request's target, `http://host[:port]/path`. Null for every other form or scheme. */
export function readAbsoluteForm(url: string): PlainRequest | null {
  const [, authority = '', rest = ''] = ABSOLUTE.exec(url) ?? [];
  // A name and password in it are the client's to send as a header; they go nowhere.
  const named = authority.slice(authority.lastIndexOf('@') + 1);
  const target = readAuthority(/:\d+$/.test(named) ? named : `${named}:80`);
  if (target === null) return null;
  const whole = authorityOf(target);
  const host = target.port === 80 ? whole.replace(/:80$/, '') : whole;
  return { target, path: rest.startsWith('/') ? rest : `/${rest}`, host };
}
