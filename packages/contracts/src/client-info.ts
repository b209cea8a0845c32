import { z } from 'zod';
import { Instant, Uuid } from './ids.ts';

// Control characters, bidirectional overrides and the like: what a stranger calls itself may reach a terminal.
const UNSAFE = /[^\x20-\x7e\u00a1-\u167f\u2c00-\ud7ff]/g;
const Word = z
  .string()
  .overwrite((text) => text.replace(UNSAFE, '').trim().slice(0, 100))
  .nullable();

/** By which program a coordinator is called. All of it is that program's own word: for people to read, deciding nothing. */
export const ClientInfo = z.object({
  transport: z.enum(['http', 'mcp-http', 'mcp-stdio']),
  name: Word.describe('What an MCP client calls itself; null where it has not said.'),
  version: Word,
  agent: Word.describe('Its User-Agent.'),
});
export type ClientInfo = z.infer<typeof ClientInfo>;

/** A client as listed. */
export const ConnectedClient = ClientInfo.extend({ tokenId: Uuid, firstSeen: Instant, lastSeen: Instant }).meta({
  id: 'Client',
});
export type ConnectedClient = z.infer<typeof ConnectedClient>;

/** The value of the X-Roundhouse-Client header: a query string, so that any name fits into a header. */
export function clientHeader(info: ClientInfo): string {
  const words = new URLSearchParams({ transport: info.transport });
  for (const key of ['name', 'version', 'agent'] as const) {
    const word = info[key];
    if (word !== null) words.set(key, word.slice(0, 100));
  }
  return words.toString();
}

/** Reads that header; null where it is absent or none of ours. */
export function readClientHeader(value: string | null): ClientInfo | null {
  if (value === null || value.length > 2_000) return null;
  const words = new URLSearchParams(value);
  const { data } = ClientInfo.safeParse({
    transport: words.get('transport'),
    name: words.get('name'),
    version: words.get('version'),
    agent: words.get('agent'),
  });
  return data ?? null;
}
