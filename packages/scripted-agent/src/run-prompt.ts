import type { Bench } from './directive.ts';
import { DIRECTIVES } from './directives/registry.ts';
import { parsePrompt } from './parse-prompt.ts';

/** Carries out a prompt, line by line. True: all of it; false: a directive failed and the rest was left. */
export async function runPrompt(bench: Bench): Promise<boolean> {
  const { screen, prompt } = bench;
  try {
    for (const item of parsePrompt(prompt.toString('utf8'))) {
      if (item.kind === 'prose') {
        screen.line(item.text.replace(/\p{Cc}/gu, ' '), 'dim');
        continue;
      }
      const directive = DIRECTIVES.get(item.name);
      if (directive === undefined) throw new Error(`there is no directive @${item.name}`);
      bench.signal.throwIfAborted();
      await named(item.name, () => directive(bench, item.rest, item.block));
    }
    return true;
  } catch (error) {
    screen.line(`error: ${error instanceof Error ? error.message : String(error)}`, 'red');
    return false;
  }
}

async function named(name: string, work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(`@${name}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
