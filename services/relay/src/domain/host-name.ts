/**
 * A host in the one form in which hosts are compared: lower case, no last dot, and every way to write an address
 * (`127.1`, `0x7f000001`, `[::0:1]`) as the address that the URL standard reads in it.
 */
export interface Host {
  readonly kind: 'name' | 'address';
  /** An IPv6 address stands without brackets. */
  readonly text: string;
}

/** What a sandbox asks for. */
export interface Target {
  readonly host: Host;
  readonly port: number;
}

const NAME = /^(?=.{1,253}$)[\w-]{1,63}(\.[\w-]{1,63})*$/;
const BRACKETED = /^\[[\da-f:.]{2,45}\]$/i;
const FOUR_NUMBERS = /^\d+\.\d+\.\d+\.\d+$/;
const AUTHORITY = /^(\[[^\]]*\]|[^:]*):(\d{1,5})$/;

/** Null for what is no host. Names are ASCII; one with other letters is written in its `xn--` form. */
export function readHost(text: string): Host | null {
  const bare = text.replace(/\.$/, '');
  if (!NAME.test(bare) && !BRACKETED.test(bare)) return null;
  if (!URL.canParse(`http://${bare}/`)) return null;
  const { hostname } = new URL(`http://${bare}/`);
  if (hostname.startsWith('[')) return { kind: 'address', text: hostname.slice(1, -1) };
  return { kind: FOUR_NUMBERS.test(hostname) ? 'address' : 'name', text: hostname };
}

/** Reads `host:port`; null where it is not that. */
export function readAuthority(text: string): Target | null {
  const [, name = '', digits = ''] = AUTHORITY.exec(text) ?? [];
  const host = readHost(name);
  const port = Number(digits);
  return host === null || port < 1 || port > 65_535 ? null : { host, port };
}

/** `host:port`, as a person writes it. */
export const authorityOf = ({ host, port }: Target): string => `${hostText(host)}:${port}`;

const hostText = ({ text }: Host): string => (text.includes(':') ? `[${text}]` : text);
