import { z } from 'zod';

/** The coding agents that are driven in their terminal. */
export const CODING_AGENTS = ['claude', 'codex', 'gemini', 'opencode', 'copilot'] as const;
export type CodingAgent = (typeof CODING_AGENTS)[number];

/** What looks like a credential: arguments can be read by every process of the host. */
const SECRET_ARGUMENT =
  /\b(?:sk-[\w-]{8,}|rh_[a-z]+_\w{8,}|gh[pousr]_\w{8,}|github_pat_\w{8,}|AIza[\w-]{8,}|xox[abprs]-\w{8,})|(?:token|api[-_]?key|secret|password|authorization)["']?\s*[=:]\s*["']?[^\s"'$]|^--?(?:[\w-]*-)?(?:token|api-key|secret|password)$/i;

const Argument = z
  .string()
  .min(1)
  .max(4_096)
  .refine((text) => !text.includes('\0'), 'it has a NUL in it')
  .refine((text) => !SECRET_ARGUMENT.test(text), 'it looks like a credential; those never stand among the arguments');

/**
 * `ask`: it asks before it changes files or runs commands. `edits`: it changes files of its worktree without asking. `all`:
 * it does everything without asking; what it may not reach is up to its sandbox.
 */
export const PermissionMode = z.enum(['ask', 'edits', 'all']);
export type PermissionMode = z.infer<typeof PermissionMode>;

/**
 * What is done with a permission dialog that nobody has to see: `ask` leaves it to a person or the coordinator, `allow`
 * takes the option that allows this once, `deny` the one that refuses. Questions and logins are never answered by policy.
 */
export const DialogPolicy = z.enum(['ask', 'allow', 'deny']);
export type DialogPolicy = z.infer<typeof DialogPolicy>;

/** The files of a worktree that programs are known to read instructions from, where these can be put as text. */
export const InstructionsFile = z.enum(['AGENTS.md', 'CLAUDE.md', 'GEMINI.md', '.agent.md']);
export type InstructionsFile = z.infer<typeof InstructionsFile>;

const codingAgent = <const K extends CodingAgent>(kind: K) =>
  z.object({
    kind: z.literal(kind),
    program: z
      .string()
      .min(1)
      .max(4_096)
      .optional()
      .describe('Its program, by name on the PATH of the sandbox or by path; the name of the kind by default.'),
    model: z
      .string()
      .regex(/^[\w][\w./:@-]{0,199}$/, 'letters, digits and ./:@-')
      .optional()
      .describe('The model, as the program names it; its own default by default.'),
    permissionMode: PermissionMode.optional().describe(
      'What it may do without asking. "ask": nothing; "edits": change files; "all": everything that the sandbox lets it. By default "all" in a container and "edits" in a plain process.',
    ),
    dialogs: DialogPolicy.default('ask').describe(
      'What is done with permission dialogs: left to you ("ask", see answer_dialog), allowed once, or denied.',
    ),
    dialogTimeoutSeconds: z
      .int()
      .min(5)
      .max(86_400)
      .optional()
      .describe(
        'After how long a permission dialog that nobody answered is refused, 5 to 86,400. By default it stays.',
      ),
    extraArgs: z.array(Argument).max(64).default([]).describe('Further arguments of the program, without credentials.'),
  });

/**
 * The program that works on a task. `scripted` does what the directives in its prompt say and needs no model;
 * `command` runs any command line as an argument array (never through a shell); the others are the coding agents of that
 * name, started with their own configuration in a HOME of their own.
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
    instructionsFile: InstructionsFile.optional().describe(
      'A file in the root of the worktree that the command reads its instructions from: it gets those of a sub-task for the time of the attempt, and git sees none of it.',
    ),
  }),
  codingAgent('claude'),
  codingAgent('codex'),
  codingAgent('gemini'),
  codingAgent('opencode'),
  codingAgent('copilot'),
]);
export type AgentSpec = z.infer<typeof AgentSpec>;

/** The kinds of agents, read off the specs. */
export const AgentKind = z.enum(AgentSpec.options.map(({ shape }) => shape.kind.value));
export type AgentKind = z.infer<typeof AgentKind>;

export type CodingAgentSpec<K extends CodingAgent = CodingAgent> = Extract<AgentSpec, { kind: K }>;
