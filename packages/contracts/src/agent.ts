import { z } from 'zod';

/**
 * The program that works on a task. `scripted` does what the directives in its prompt say and needs no model;
 * `command` runs any command line as an argument array (never through a shell).
 */
export const AgentSpec = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('scripted') }),
  z.object({
    kind: z.literal('command'),
    argv: z
      .array(z.string().min(1).max(32_768))
      .min(1)
      .max(256)
      .describe('Program and arguments; no shell is involved.'),
    promptVia: z
      .enum(['file', 'argument', 'paste'])
      .default('file')
      .describe(
        'How the first prompt reaches the command: the path of a file in ROUNDHOUSE_PROMPT_FILE, a last argument, or pasted into the terminal. Later prompts are pasted.',
      ),
  }),
]);
export type AgentSpec = z.infer<typeof AgentSpec>;

/** The kinds of agents, read off the specs. */
export const AgentKind = z.enum(AgentSpec.options.map(({ shape }) => shape.kind.value));
export type AgentKind = z.infer<typeof AgentKind>;
