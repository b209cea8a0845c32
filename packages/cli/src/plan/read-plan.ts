import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { type AgentSpec, MAX_PROMPT_BYTES, PromptText, type SomeLimits } from '@roundhouse/contracts';
import { LineCounter, parseDocument } from 'yaml';
import { EXIT, Failure } from '../failure.ts';
import { faultAt, type PlanFault, planFailure, type PlanPath, schemaFaults } from './plan-faults.ts';
import { type PlanCheck, PlanFile } from './plan-file.ts';
import { graphFaults } from './task-graph.ts';

/** A task of a plan with everything decided. */
export interface PlannedTask {
  readonly name: string;
  readonly prompt: string;
  readonly agent: AgentSpec;
  readonly image: string | null;
  readonly limits: SomeLimits;
  readonly needs: readonly string[];
  readonly land: boolean;
  readonly conflictPrompt: string | null;
}

export interface Plan {
  readonly file: string;
  readonly name: string;
  /** Where its repository is, or lies around. */
  readonly repository: string;
  readonly base: string | null;
  readonly target: string | null;
  readonly sandbox: 'process' | 'docker' | null;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly idleMs: number;
  readonly tasks: readonly PlannedTask[];
  readonly checks: readonly PlanCheck[];
}

const MAX_PLAN_BYTES = 1024 * 1024;

/**
 * Reads a plan and the prompt files that it names.
 * @throws Failure with exit code 2 that names line and column of all that is wrong
 */
export async function readPlan(file: string): Promise<Plan> {
  const text = await readBounded(file, MAX_PLAN_BYTES).catch((error: unknown) => {
    throw new Failure(`cannot read the plan ${file}: ${wordsOf(error)}`, { exitCode: EXIT.usage, cause: error });
  });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const syntax = document.errors.map(({ message, pos }): PlanFault => {
    const { line, col } = lines.linePos(pos[0]);
    return { line, column: col, message };
  });
  if (syntax.length > 0) throw planFailure(file, syntax);
  const parsed = PlanFile.safeParse(document.toJS());
  if (!parsed.success) throw planFailure(file, schemaFaults(document, lines, parsed.error));

  const faults: PlanFault[] = [];
  const fault = (path: PlanPath, message: string): void => void faults.push(faultAt(document, lines, path, message));
  for (const { path, message } of graphFaults(parsed.data.tasks)) fault(path, message);
  const tasks: PlannedTask[] = [];
  for (const [index, task] of parsed.data.tasks.entries()) {
    const key = task.promptFile === undefined ? 'prompt' : 'promptFile';
    const prompt = await promptOf(task, dirname(file)).catch((error: unknown) => {
      fault(['tasks', index, key], wordsOf(error));
      return '';
    });
    tasks.push(planned(parsed.data, task, prompt));
  }
  if (faults.length > 0) throw planFailure(file, faults);
  return { file, ...settingsOf(parsed.data, file), tasks, checks: parsed.data.checks };
}

const settingsOf = (plan: PlanFile, file: string) => ({
  name: plan.name ?? basename(file).replace(/\.ya?ml$/i, ''),
  repository: resolve(dirname(file), plan.repository ?? '.'),
  base: plan.base ?? null,
  target: plan.target ?? null,
  sandbox: plan.sandbox ?? null,
  concurrency: plan.concurrency,
  timeoutMs: plan.timeoutSeconds * 1_000,
  idleMs: plan.idleSeconds * 1_000,
});

const planned = (plan: PlanFile, task: PlanFile['tasks'][number], prompt: string): PlannedTask => ({
  name: task.name,
  prompt,
  agent: task.agent ?? plan.agent,
  image: task.image ?? plan.image ?? null,
  limits: {
    wallClockSeconds: plan.taskTimeoutSeconds,
    ...plan.limits,
    ...task.limits,
    ...(task.timeoutSeconds === undefined ? {} : { wallClockSeconds: task.timeoutSeconds }),
  },
  needs: task.needs,
  land: task.land,
  conflictPrompt: task.conflictPrompt ?? null,
});

async function promptOf(task: PlanFile['tasks'][number], folder: string): Promise<string> {
  if (task.promptFile === undefined) return fitting(task.prompt ?? '');
  const parsed = PromptText.safeParse(await readBounded(resolve(folder, task.promptFile), MAX_PROMPT_BYTES));
  if (!parsed.success) throw new Error(parsed.error.issues.map(({ message }) => message).join('; '));
  return fitting(parsed.data);
}

function fitting(prompt: string): string {
  const bytes = Buffer.byteLength(prompt);
  if (bytes > MAX_PROMPT_BYTES) throw new Error(`the prompt has ${bytes} bytes, ${MAX_PROMPT_BYTES} is the most`);
  return prompt;
}

async function readBounded(path: string, maxBytes: number): Promise<string> {
  const { size } = await stat(path);
  if (size > maxBytes) throw new Error(`it has ${size} bytes, ${maxBytes} is the most`);
  return readFile(path, 'utf8');
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
