import type { ApiClient, CallOf, CallName, OPERATIONS, OutputOf } from '@roundhouse/contracts';

type Listing = {
  [N in CallName]: OutputOf<(typeof OPERATIONS)[N]> extends { nextCursor: string | null }
    ? 'limit' extends keyof CallOf<(typeof OPERATIONS)[N]>
      ? N
      : never
    : never;
}[CallName];

/** More pages than this is a service that goes round in a circle. */
const MAX_PAGES = 10_000;

/** All pages of a list, one after the other; its last page's other fields are those of the answer. */
async function* pagesOf<N extends Listing>(
  client: ApiClient,
  name: N,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<OutputOf<(typeof OPERATIONS)[N]>> {
  let cursor: string | null = null;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const input = { limit: 100, ...(cursor === null ? {} : { cursor }) } as CallOf<(typeof OPERATIONS)[N]>;
    const answer: OutputOf<(typeof OPERATIONS)[N]> = await client.call(name, input, options);
    yield answer;
    ({ nextCursor: cursor } = answer as { nextCursor: string | null });
    if (cursor === null) return;
  }
  throw new Error(`${name} has more than ${MAX_PAGES} pages`);
}

/** All rows of a list. */
export async function allOf<N extends Listing, R>(
  client: ApiClient,
  name: N,
  rowsOf: (page: OutputOf<(typeof OPERATIONS)[N]>) => readonly R[],
  options: { readonly signal?: AbortSignal } = {},
): Promise<R[]> {
  const rows: R[] = [];
  for await (const page of pagesOf(client, name, options)) rows.push(...rowsOf(page));
  return rows;
}
