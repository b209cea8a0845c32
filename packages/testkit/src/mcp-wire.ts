/** The extension that says that a client takes a task for an answer. */
const TASKS = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

/** A task of the protocol as it comes over the wire, with its result where it has one. */
export interface WireTask {
  readonly resultType: string;
  readonly taskId: string;
  readonly status: string;
  readonly statusMessage?: string;
  readonly createdAt: string;
  readonly lastUpdatedAt: string;
  readonly ttlMs: number;
  readonly pollIntervalMs: number;
  readonly result?: {
    readonly isError?: boolean;
    readonly structuredContent: unknown;
    readonly content: readonly { readonly text: string }[];
  };
}

export interface WireAnswer {
  readonly status: number;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
  readonly result?: Record<string, unknown>;
}

/**
 * One request of the revision 2026-07-28, byte for byte in the form in which Claude Code 2.1.330 sends it; `tasks: false`: as its
 * headless form does, which does not declare the extension.
 */
export async function mcpRequest(
  mcpUrl: string,
  token: string,
  method: string,
  params: Record<string, unknown>,
  { tasks = true, signal }: { readonly tasks?: boolean; readonly signal?: AbortSignal } = {},
): Promise<WireAnswer> {
  const name = params['name'] ?? params['taskId'];
  const response = await fetch(mcpUrl, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'user-agent': 'claude-code/2.1.330 (cli)',
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      'mcp-protocol-version': '2026-07-28',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 4,
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientInfo': { name: 'claude-code', title: 'Claude Code', version: '2.1.330' },
          'io.modelcontextprotocol/clientCapabilities': {
            roots: { listChanged: true },
            elicitation: { form: {}, url: {} },
            ...(tasks ? TASKS : {}),
          },
        },
      },
    }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const last = text.split('\n').findLast((line) => line.startsWith('data: '));
  const message = JSON.parse(isStream ? (last ?? 'data: {}').slice(6) : text) as Omit<WireAnswer, 'status'>;
  return { ...message, status: response.status };
}

/** Asks for a task, pausing in between as it says, until it is not working any more. */
export async function untilDone(mcpUrl: string, token: string, taskId: string): Promise<WireTask> {
  for (;;) {
    const { result, error } = await mcpRequest(mcpUrl, token, 'tasks/get', { taskId });
    if (error !== undefined) throw new Error(`tasks/get: ${error.code} ${error.message}`);
    const task = result as unknown as WireTask;
    if (task.status !== 'working') return task;
    await new Promise((resolve) => setTimeout(resolve, task.pollIntervalMs));
  }
}
