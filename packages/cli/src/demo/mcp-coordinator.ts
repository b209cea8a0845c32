import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import {
  type CallOf,
  ErrorBody,
  isErrorCode,
  OPERATIONS,
  type OperationName,
  type OutputOf,
  outOfEnvelope,
  RoundhouseError,
} from '@roundhouse/contracts';
import { Failure } from '../failure.ts';

/** The longest wait of the service (55 s) and some for the way. */
const CALL_MS = 65_000;

/** The operations that are tools, called by their operation's name. A task's id is called `taskId`, as for any client. */
type ToolInput<N extends OperationName> = Omit<CallOf<(typeof OPERATIONS)[N]>, 'id'> & { readonly taskId?: string };

/** A coordinating agent's side of the service: a real MCP client over Streamable HTTP, and nothing else. */
export interface McpCoordinator {
  /** The names of the tools that this token sees. */
  readonly tools: readonly string[];
  readonly call: <N extends OperationName>(
    name: N,
    input: ToolInput<N>,
    options?: { readonly signal?: AbortSignal },
  ) => Promise<OutputOf<(typeof OPERATIONS)[N]>>;
  readonly close: () => Promise<void>;
}

/**
 * Connects to the MCP endpoint as a coordinator.
 * @throws whatever the client says where it cannot connect
 */
export async function connectMcp(endpoint: string, token: string, signal: AbortSignal): Promise<McpCoordinator> {
  const client = new Client({ name: 'roundhouse-demo', version: '0.1.0' }, { versionNegotiation: { mode: 'auto' } });
  const headers = { authorization: `Bearer ${token}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(endpoint), { requestInit: { headers } }));
  const { tools } = await client.listTools();
  return {
    tools: tools.map((tool) => tool.name),
    close: () => client.close(),
    async call(name, input, given = {}) {
      const { tool, output } = OPERATIONS[name];
      if (tool === null) throw new Error(`${name} is no tool`);
      const options = {
        signal: given.signal === undefined ? signal : AbortSignal.any([signal, given.signal]),
        timeout: CALL_MS,
      };
      const result = await client.callTool({ name: tool, arguments: { ...input } }, options);
      if (result.isError === true) throw errorOf(tool, result.structuredContent);
      return output.parse(unwrapped(result.structuredContent)) as OutputOf<(typeof OPERATIONS)[typeof name]>;
    },
  };
}

/** What is meant for models stands in envelopes. */
function unwrapped(value: unknown): unknown {
  if (typeof value === 'string') return outOfEnvelope(value);
  if (Array.isArray(value)) return value.map(unwrapped);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unwrapped(inner)]));
}

function errorOf(tool: string, content: unknown): Error {
  const parsed = ErrorBody.safeParse(content);
  if (!parsed.success) return new Failure(`${tool} failed without saying why`);
  const { code, message, hint, details } = parsed.data.error;
  if (isErrorCode(code)) return new RoundhouseError(code, `${tool}: ${message}`, details);
  return new Failure(`${tool}: ${message}`, { hint });
}
