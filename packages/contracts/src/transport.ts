/** One request to the API, as a transport sends it. */
export interface ApiRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; null where there is none. */
  readonly body: string | null;
  readonly signal: AbortSignal;
}

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

/** Sends one request and reads its whole answer. Rejects with the signal's reason where that aborts, else with what failed. */
export type Transport = (request: ApiRequest) => Promise<ApiAnswer>;

/** What every platform has. */
export const fetchTransport: Transport = async ({ method, url, headers, body, signal }) => {
  const init: RequestInit = { method, headers, signal };
  if (body !== null) init.body = body;
  const response = await fetch(url, init);
  return { status: response.status, text: await response.text() };
};
