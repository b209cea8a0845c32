import { readConfig } from './config.ts';
import type { Bench } from './directive.ts';
import { PromptQueue } from './prompt-queue.ts';
import { runPrompt } from './run-prompt.ts';
import { Screen } from './screen.ts';
import { questionSequence, statusSequence } from './status-reporter.ts';
import { TerminalInput } from './terminal-input.ts';

const BRACKETED_PASTE = '\u001b[?2004h';

const { mcpConfig } = readConfig(process.env);
const screen = new Screen(process.stdout);
const queue = new PromptQueue();
const input = new TerminalInput();
let swallow = 0;
let lastAnswer: string | null = null;
const kept = new Map<string, string>();
let interrupt = new AbortController();

if (process.stdin.isTTY) process.stdin.setRawMode(true);
process.stdin.on('data', (data: Buffer) => {
  for (const event of input.push(data)) {
    if (event.type === 'interrupt') interrupt.abort(new Error('interrupted'));
    else if (event.type === 'typed') screen.raw(event.text);
    else if (swallow > 0 && event.pasted) {
      swallow -= 1;
      input.restore(event);
    } else if (event.bytes.length > 0) queue.put(event.bytes);
  }
});
process.stdin.on('end', () => process.exit(0));

function benchFor(prompt: Buffer, signal: AbortSignal): Bench {
  return {
    screen,
    prompt,
    signal,
    swallowEnters: (count) => (swallow = count),
    ask: async (question, options) => {
      screen.line(question, 'yellow');
      for (const [index, option] of options.entries()) screen.line(`  ${index + 1}. ${option}`, 'yellow');
      screen.raw(questionSequence(question, options));
      const answer = await queue.take(signal);
      screen.raw(statusSequence('working'));
      return answer.toString('utf8');
    },
    nextPrompt: async (bound) => {
      screen.raw(statusSequence('idle'));
      const next = await queue.take(bound);
      screen.raw(`\r${statusSequence('working')}`);
      return next.toString('utf8');
    },
    kept,
    lastAnswer: () => lastAnswer,
    callTool: async (server, name, args) => {
      if (mcpConfig === null) throw new Error('there is no ROUNDHOUSE_MCP_CONFIG to call tools with');
      // Loaded when it is needed: most of the start would be this one module.
      const { callTool } = await import('./call-tool.ts');
      lastAnswer = await callTool(mcpConfig, server, name, args, signal);
      return lastAnswer;
    },
  };
}

screen.raw(BRACKETED_PASTE);
screen.line('scripted agent: give me directives', 'dim');
screen.raw(statusSequence('idle'));
for (;;) {
  const prompt = await queue.take();
  interrupt = new AbortController();
  screen.raw(`\r${statusSequence('working')}`);
  screen.line(`> prompt, ${prompt.length} bytes`, 'cyan');
  const finished = await runPrompt(benchFor(prompt, interrupt.signal));
  screen.raw(statusSequence(finished ? 'idle' : 'error'));
}
