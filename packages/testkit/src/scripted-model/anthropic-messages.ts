import { z } from 'zod';
import type { Item } from './conversation.ts';
import type { Answer } from './script.ts';
import { newId, pieces, type StreamEvent, textOf, TOKENS, type WireForm } from './wire-form.ts';

const Part = z.looseObject({ type: z.string(), text: z.string().optional(), content: z.unknown().optional() });
const Request = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  messages: z.array(z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(Part)]) })),
  tools: z.array(z.looseObject({ name: z.string() })).default([]),
  output_config: z.looseObject({ format: z.looseObject({ schema: z.unknown().optional() }).optional() }).optional(),
});

/** Results come in the message of the user, and before what the user says. */
function itemsOf({ role, content }: z.infer<typeof Request>['messages'][number]): Item[] {
  if (role === 'assistant') return [{ by: 'model' }];
  if (role !== 'user') return [];
  const parts = typeof content === 'string' ? [{ type: 'text', text: content, content: null }] : content;
  const results = parts.filter(({ type }) => type === 'tool_result');
  const texts = parts.flatMap(({ type, text }) => (type === 'text' && text !== undefined ? [text] : []));
  return [
    ...results.map((part): Item => ({ by: 'tool', text: textOf(part.content) })),
    ...texts.map((text): Item => ({ by: 'user', text })),
  ];
}

interface Block {
  readonly whole: object;
  /** The block as it begins, and what is added to it. */
  readonly begun: object;
  readonly deltas: readonly object[];
}

const blocksOf = ({ text, calls }: Answer): Block[] => [
  ...(text === '' && calls.length > 0
    ? []
    : [
        {
          whole: { type: 'text', text },
          begun: { type: 'text', text: '' },
          deltas: pieces(text).map((piece) => ({ type: 'text_delta', text: piece })),
        },
      ]),
  ...calls.map(({ tool, args }) => {
    const call = { type: 'tool_use', id: newId('toolu'), name: tool.name };
    return {
      whole: { ...call, input: args },
      begun: { ...call, input: {} },
      deltas: [{ type: 'input_json_delta', partial_json: JSON.stringify(args) }],
    };
  }),
];

const stopReason = ({ calls }: Answer): string => (calls.length > 0 ? 'tool_use' : 'end_turn');

const messageOf = (model: string): object => ({
  id: newId('msg'),
  type: 'message',
  role: 'assistant',
  model,
  content: [],
  stop_reason: null,
  stop_sequence: null,
  usage: { input_tokens: TOKENS.input, output_tokens: 1, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
});

const event = (type: string, fields: object): StreamEvent => ({ event: type, data: { type, ...fields } });

/** Anthropic Messages: Claude Code. */
export const anthropicMessages: WireForm = {
  name: 'anthropic-messages',
  path: /\/v1\/messages$/,
  read: (body) => {
    const { model, stream, messages, tools, output_config: output } = Request.parse(body);
    return {
      items: messages.flatMap(itemsOf),
      tools: tools.map(({ name }) => ({ name })),
      schema: output?.format?.schema,
      streamed: stream,
      model,
    };
  },
  stream: (answer, { model }) => [
    event('message_start', { message: messageOf(model) }),
    ...blocksOf(answer).flatMap(({ begun, deltas }, index) => [
      event('content_block_start', { index, content_block: begun }),
      ...deltas.map((delta) => event('content_block_delta', { index, delta })),
      event('content_block_stop', { index }),
    ]),
    event('message_delta', {
      delta: { stop_reason: stopReason(answer), stop_sequence: null },
      usage: { output_tokens: TOKENS.output },
    }),
    event('message_stop', {}),
  ],
  whole: (answer, { model }) => ({
    ...messageOf(model),
    content: blocksOf(answer).map(({ whole }) => whole),
    stop_reason: stopReason(answer),
  }),
};
