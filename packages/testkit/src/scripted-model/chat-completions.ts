import { z } from 'zod';
import type { Item } from './conversation.ts';
import type { Answer } from './script.ts';
import { newId, pieces, textOf, TOKENS, type WireForm } from './wire-form.ts';

const Request = z.looseObject({
  model: z.string(),
  stream: z.boolean().default(false),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown().optional() })),
  tools: z.array(z.looseObject({ function: z.looseObject({ name: z.string() }) })).default([]),
  response_format: z
    .looseObject({ json_schema: z.looseObject({ schema: z.unknown().optional() }).optional() })
    .optional(),
});

function itemsOf({ role, content }: z.infer<typeof Request>['messages'][number]): Item[] {
  switch (role) {
    case 'user':
      return [{ by: 'user', text: textOf(content) }];
    case 'assistant':
      return [{ by: 'model' }];
    case 'tool':
      return [{ by: 'tool', text: textOf(content) }];
    default:
      return [];
  }
}

const callsOf = ({ calls }: Answer): object[] =>
  calls.map(({ tool, args }, index) => ({
    index,
    id: newId('call'),
    type: 'function',
    function: { name: tool.name, arguments: JSON.stringify(args) },
  }));

const usage = {
  prompt_tokens: TOKENS.input,
  completion_tokens: TOKENS.output,
  total_tokens: TOKENS.input + TOKENS.output,
};
const finishReason = ({ calls }: Answer): string => (calls.length > 0 ? 'tool_calls' : 'stop');

/** OpenAI Chat Completions: opencode, and whatever is set up with a compatible provider. */
export const chatCompletions: WireForm = {
  name: 'chat-completions',
  path: /\/chat\/completions$/,
  read: (body) => {
    const { model, stream, messages, tools, response_format: format } = Request.parse(body);
    return {
      items: messages.flatMap(itemsOf),
      tools: tools.map((tool) => ({ name: tool.function.name })),
      schema: format?.json_schema?.schema,
      streamed: stream,
      model,
    };
  },
  stream: (answer, { model }) => {
    const id = newId('chatcmpl');
    const chunk = (delta: object, finish: string | null = null, more: object = {}) => ({
      data: {
        id,
        object: 'chat.completion.chunk',
        created: 0,
        model,
        choices: [{ index: 0, delta, finish_reason: finish }],
        ...more,
      },
    });
    const calls = callsOf(answer);
    return [
      chunk({ role: 'assistant', content: '' }),
      ...pieces(answer.text).map((content) => chunk({ content })),
      ...(calls.length > 0 ? [chunk({ tool_calls: calls })] : []),
      chunk({}, finishReason(answer), { usage }),
      { data: '[DONE]' },
    ];
  },
  whole: (answer, { model }) => ({
    id: newId('chatcmpl'),
    object: 'chat.completion',
    created: 0,
    model,
    choices: [
      {
        index: 0,
        finish_reason: finishReason(answer),
        message: {
          role: 'assistant',
          content: answer.text,
          ...(answer.calls.length > 0 ? { tool_calls: callsOf(answer) } : {}),
        },
      },
    ],
    usage,
  }),
};
