/** The answer that a key stands for, once: the first request runs, later ones get its answer. */
export interface IdempotencyStore {
  begin(
    scope: string,
    fingerprint: string,
  ): Promise<
    | { readonly state: 'first' }
    | { readonly state: 'running' }
    | { readonly state: 'other_request' }
    | { readonly state: 'done'; readonly status: number; readonly body: string }
  >;
  finish(scope: string, fingerprint: string, status: number, body: string): Promise<void>;
  abandon(scope: string): Promise<void>;
}
