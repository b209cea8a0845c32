import { z } from 'zod';
import type { Item } from './conversation.ts';
import type { Answer } from './script.ts';
import { newId, pieces, TOKENS, type WireForm } from './wire-form.ts';

const Part = z.looseObject({
  text: z.string().optional(),
  functionResponse: z.looseObject({ response: z.unknown().optional() }).optional(),
});
const Request = z.looseObject({
  contents: z.array(z.looseObject({ role: z.string().default('user'), parts: z.array(Part).default([]) })),
  tools: z
    .array(z.looseObject({ functionDeclarations: z.array(z.looseObject({ name: z.string() })).default([]) }))
    .default([]),
  generationConfig: z
    .looseObject({ responseJsonSchema: z.unknown().optional(), responseSchema: z.unknown().optional() })
    .optional(),
});

function itemsOf({ role, parts }: z.infer<typeof Request>['contents'][number]): Item[] {
  if (role === 'model') return [{ by: 'model' }];
  return parts.map((part): Item => {
    if (part.functionResponse === undefined) return { by: 'user', text: part.text ?? '' };
    return { by: 'tool', text: JSON.stringify(part.functionResponse.response ?? null) };
  });
}

const callPartsOf = ({ calls }: Answer): object[] =>
  calls.map(({ tool, args }) => ({ functionCall: { id: newId('call'), name: tool.name, args } }));

const responseOf = (model: string, parts: readonly object[], finishReason?: 'STOP'): object => ({
  candidates: [
    { index: 0, content: { role: 'model', parts }, ...(finishReason === undefined ? {} : { finishReason }) },
  ],
  usageMetadata: {
    promptTokenCount: TOKENS.input,
    candidatesTokenCount: TOKENS.output,
    totalTokenCount: TOKENS.input + TOKENS.output,
  },
  modelVersion: model,
});

const STREAMED = /:streamGenerateContent$/;

/** Gemini generateContent: Gemini CLI. */
export const geminiContents: WireForm = {
  name: 'gemini-contents',
  path: /:(?:streamGenerateContent|generateContent)$/,
  read: (body, path) => {
    const { contents, tools, generationConfig } = Request.parse(body);
    return {
      items: contents.flatMap(itemsOf),
      tools: tools.flatMap(({ functionDeclarations }) => functionDeclarations.map(({ name }) => ({ name }))),
      schema: generationConfig?.responseJsonSchema ?? generationConfig?.responseSchema,
      streamed: STREAMED.test(path),
      model: /models\/([^:]+):/.exec(path)?.[1] ?? '',
    };
  },
  stream: (answer, { model }) => [
    ...pieces(answer.text).map((text) => ({ data: responseOf(model, [{ text }]) })),
    { data: responseOf(model, answer.calls.length > 0 ? callPartsOf(answer) : [{ text: '' }], 'STOP') },
  ],
  whole: (answer, { model }) =>
    responseOf(model, [...(answer.text === '' ? [] : [{ text: answer.text }]), ...callPartsOf(answer)], 'STOP'),
};
