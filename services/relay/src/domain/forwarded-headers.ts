/** What is between two neighbours only (RFC 9110 §7.6.1), and what is the proxy's own. */
const NOT_FORWARDED = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The headers that go on: name, value, name, value, in their order and spelling. Drops hop-by-hop ones, those that the
 * Connection header names, and those of `except` (lower case); adds Via.
 */
export function forwardedHeaders(raw: readonly string[], except: readonly string[] = []): string[] {
  const pairs = pairsOf(raw);
  const dropped = new Set([...NOT_FORWARDED, ...except]);
  for (const [name, value] of pairs) {
    if (name.toLowerCase() !== 'connection') continue;
    for (const option of value.split(',')) dropped.add(option.trim().toLowerCase());
  }
  return [...pairs.filter(([name]) => !dropped.has(name.toLowerCase())).flat(), 'Via', '1.1 roundhouse'];
}

function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) pairs.push([raw[index] ?? '', raw[index + 1] ?? '']);
  return pairs;
}
