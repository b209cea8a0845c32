import { z } from 'zod';
import type { Item, OfferedTool } from './conversation.ts';
import type { Answer } from './script.ts';
import { newId, pieces, type StreamEvent, textOf, TOKENS, type WireForm } from './wire-form.ts';

const Tool = z.looseObject({ type: z.string(), name: z.string().optional() });
const Request = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  input: z.array(
    z.looseObject({
      type: z.string().default('message'),
      role: z.string().optional(),
      content: z.unknown().optional(),
      output: z.unknown().optional(),
    }),
  ),
  tools: z.array(Tool.extend({ tools: z.array(Tool).optional() })).default([]),
  text: z.looseObject({ format: z.looseObject({ schema: z.unknown().optional() }).optional() }).optional(),
});

function itemsOf({ type, role, content, output }: z.infer<typeof Request>['input'][number]): Item[] {
  if (type === 'message' && role === 'user') {
    const parts = Array.isArray(content) ? content : [content];
    return parts.map((part): Item => ({ by: 'user', text: textOf([part]) }));
  }
  if (type.endsWith('_output')) return [{ by: 'tool', text: textOf(output) }];
  return role === 'developer' || role === 'system' ? [] : [{ by: 'model' }];
}

const toolsOf = (tools: z.infer<typeof Request>['tools']): OfferedTool[] =>
  tools.flatMap(({ type, name = type, tools: inside }): OfferedTool[] =>
    inside === undefined ? [{ name }] : inside.map((tool) => ({ name: tool.name ?? '', namespace: name })),
  );

interface Output {
  readonly item: object;
  readonly begun: object;
  readonly deltas: readonly object[];
}

const outputsOf = ({ text, calls }: Answer): Output[] => [
  ...(text === '' && calls.length > 0 ? [] : [messageOf(text)]),
  ...calls.map(({ tool, args }): Output => {
    const item = {
      type: 'function_call',
      id: newId('fc'),
      status: 'completed',
      call_id: newId('call'),
      ...tool,
      arguments: JSON.stringify(args),
    };
    return { item, begun: { ...item, status: 'in_progress' }, deltas: [] };
  }),
];

function messageOf(text: string): Output {
  const message = { type: 'message', id: newId('msg'), role: 'assistant' };
  return {
    item: { ...message, status: 'completed', content: [{ type: 'output_text', text, annotations: [] }] },
    begun: { ...message, status: 'in_progress', content: [] },
    deltas: pieces(text).map((delta) => ({ item_id: message.id, content_index: 0, delta })),
  };
}

const usage = {
  input_tokens: TOKENS.input,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: TOKENS.output,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: TOKENS.input + TOKENS.output,
};

const responseOf = (model: string): object => ({ id: newId('resp'), object: 'response', model, output: [] });

/** OpenAI Responses: Codex. */
export const openaiResponses: WireForm = {
  name: 'openai-responses',
  path: /\/responses$/,
  read: (body) => {
    const { model, stream, input, tools, text } = Request.parse(body);
    return {
      items: input.flatMap(itemsOf),
      tools: toolsOf(tools),
      schema: text?.format?.schema,
      streamed: stream,
      model,
    };
  },
  stream: (answer, { model }) => {
    const response = responseOf(model);
    const outputs = outputsOf(answer);
    const event = (type: string, fields: object): StreamEvent => ({ event: type, data: { type, ...fields } });
    return [
      event('response.created', { response: { ...response, status: 'in_progress' } }),
      ...outputs.flatMap(({ item, begun, deltas }, index) => [
        event('response.output_item.added', { output_index: index, item: begun }),
        ...deltas.map((delta) => event('response.output_text.delta', { output_index: index, ...delta })),
        event('response.output_item.done', { output_index: index, item }),
      ]),
      event('response.completed', {
        response: { ...response, status: 'completed', output: outputs.map(({ item }) => item), usage },
      }),
    ];
  },
  whole: (answer, { model }) => ({
    ...responseOf(model),
    status: 'completed',
    output: outputsOf(answer).map(({ item }) => item),
    usage,
  }),
};
