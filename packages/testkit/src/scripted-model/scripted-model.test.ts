import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { within } from '../waiting.ts';
import { offeredTool } from './offered-tools.ts';
import { ScriptedModel } from './scripted-model.ts';

let model: ScriptedModel;
beforeEach(async () => {
  model = await ScriptedModel.start([
    {
      prompt: /Greet (\w+)/,
      replies: [
        ({ match }) => ({ text: `Hello ${match[1]}.`, calls: [{ tool: 'signal_done', args: { summary: 'x' } }] }),
        ({ results }) => ({ text: `It said ${results.join()}.`, calls: [{ shell: 'true' }, { tool: 'nowhere' }] }),
      ],
    },
  ]);
});
afterEach(() => model.close());

const ask = async (path: string, body: object): Promise<string> => {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${model.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return await response.text();
};

/** A conversation in each form: a reminder that is no prompt, the prompt, a call, its result, and the tools. */
const FORMS: readonly [string, string, (rest: boolean) => object][] = [
  [
    'anthropic-messages',
    '/v1/messages',
    (rest) => ({
      model: 'm',
      stream: true,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: '<reminder>' },
            { type: 'text', text: 'Greet Ada' },
          ],
        },
        ...(rest
          ? [
              { role: 'assistant', content: [{ type: 'tool_use' }] },
              { role: 'user', content: [{ type: 'tool_result', content: [{ type: 'text', text: 'done' }] }] },
            ]
          : []),
      ],
      tools: [{ name: 'Bash' }, { name: 'mcp__roundhouse__signal_done' }],
    }),
  ],
  [
    'openai-responses',
    '/v1/responses',
    (rest) => ({
      model: 'm',
      stream: true,
      input: [
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'rules' }] },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Greet Ada' }] },
        ...(rest
          ? [
              { type: 'reasoning' },
              { type: 'function_call', name: 'signal_done' },
              { type: 'function_call_output', output: 'done' },
            ]
          : []),
      ],
      tools: [
        { type: 'function', name: 'exec_command' },
        { type: 'namespace', name: 'mcp__roundhouse', tools: [{ type: 'function', name: 'signal_done' }] },
      ],
    }),
  ],
  [
    'chat-completions',
    '/v1/chat/completions',
    (rest) => ({
      model: 'm',
      stream: true,
      messages: [
        { role: 'system', content: 'rules' },
        { role: 'user', content: 'Greet Ada' },
        ...(rest
          ? [
              { role: 'assistant', content: '' },
              { role: 'tool', content: 'done' },
            ]
          : []),
      ],
      tools: [{ function: { name: 'bash' } }, { function: { name: 'roundhouse_signal_done' } }],
    }),
  ],
  [
    'gemini-contents',
    '/v1beta/models/m:streamGenerateContent?alt=sse',
    (rest) => ({
      contents: [
        { role: 'user', parts: [{ text: 'Greet Ada' }] },
        ...(rest
          ? [
              { role: 'model', parts: [{ functionCall: {} }] },
              { role: 'user', parts: [{ functionResponse: { response: 'done' } }] },
            ]
          : []),
      ],
      tools: [{ functionDeclarations: [{ name: 'run_shell_command' }, { name: 'mcp_roundhouse_signal_done' }] }],
    }),
  ],
];

describe('the scripted model', () => {
  it.each(FORMS)('RX-1: answers out of the conversation alone, in the form of %s', async (form, path, body) => {
    const first = await ask(path, body(false));
    expect(first.match(/signal_done/g)?.length).toBeGreaterThan(0);
    expect(first).toMatch(/Hello[^]* Ada/);
    const second = await ask(path, body(true));
    expect(second).toMatch(/Bash|exec_command|bash|run_shell_command/);
    expect(second).not.toContain('Hello');
    expect(model.requests).toMatchObject([
      { form, model: 'm', missing: [] },
      { form, missing: ['tool nowhere'] },
    ]);
    const whole = { ...body(false), stream: false };
    expect(JSON.parse(await ask(path.replace('streamGenerateContent?alt=sse', 'generateContent'), whole))).toBeTypeOf(
      'object',
    );
  });

  it('RX-1: a tool is found behind the name of its server, however a program joins the two', () => {
    for (const name of ['signal_done', 'mcp__a__signal_done', 'a_signal_done', 'a-signal_done'])
      expect(offeredTool('signal_done', [{ name: 'signal' }, { name }])).toEqual({ name });
    expect(offeredTool('signal_done', [{ name: 'unsignal_done_' }])).toBeUndefined();
  });

  it('RX-1: says what is asked beside a conversation in the form that is asked for, and what it cannot read it says', async () => {
    const schema = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] };
    const beside = { model: 'm', messages: [{ role: 'user', content: 'Greet Ada' }] };
    const titled = { ...beside, response_format: { json_schema: { schema } } };
    expect(await ask('/v1/chat/completions', titled)).toContain(String.raw`{\"title\":\"ok\"}`);
    expect(await ask('/v1/chat/completions', { model: 'm' })).toContain('messages');
    expect(model.requests).toEqual([]);
    expect(model.strangers).toHaveLength(1);
  });

  it('RX-2: as a proxy it lets nothing through, and keeps what was wanted', async () => {
    const { hostname, port } = new URL(model.url);
    const socket = connect(Number(port), hostname);
    socket.write('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n');
    const [answer] = (await within(20_000, 'an answer', once(socket, 'data'))) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 403/);
    socket.destroy();
    expect(model.refused).toEqual(['example.org:443']);
  });
});
