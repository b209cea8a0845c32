import { dirname, join } from 'node:path';
import type { AgentSpec, ApiClient, OPERATIONS, OutputOf, Task } from '@roundhouse/contracts';
import {
  type EmbeddedService,
  ScriptedModel,
  type ScratchRepository,
  scratchRepository,
  startEmbeddedService,
  type TemporaryFolder,
  temporaryFolder,
} from '@roundhouse/testkit';
import { MODEL_SIDES, type ModelSide } from './model-side.ts';
import type { ProgramName } from './programs.ts';
import { PROMPTS, storyOf } from './story.ts';

const WAIT_MS = 50_000;
/** The programs take seconds to start, and on a busy machine many. */
const MAX_WAITS = 4;
const DRAW_MS = 5_000;
const LOOK_MS = 500;
const MAX_LOOKS = 60;
type Signal = OutputOf<typeof OPERATIONS.waitSignal>;

/** The whole service with a scripted model that one program asks. */
export class ProgramWorld {
  readonly model: ScriptedModel;
  readonly service: EmbeddedService;
  readonly client: ApiClient;
  readonly #repository: ScratchRepository;
  readonly #name: ProgramName;
  /** Where the service has its data, as a user has it under XDG_DATA_HOME. */
  readonly dataHome: TemporaryFolder;
  readonly side: ModelSide;
  #cursor: string | undefined;

  private constructor(
    parts: {
      readonly model: ScriptedModel;
      readonly service: EmbeddedService;
      readonly repository: ScratchRepository;
      readonly side: ModelSide;
      readonly dataHome: TemporaryFolder;
    },
    name: ProgramName,
  ) {
    this.model = parts.model;
    this.service = parts.service;
    this.client = parts.service.coordinator();
    this.#repository = parts.repository;
    this.side = parts.side;
    this.#name = name;
    this.dataHome = parts.dataHome;
  }

  /** @param program its path: agents find it by its name, on the PATH */
  static async start(name: ProgramName, program: string): Promise<ProgramWorld> {
    // What ponders is killed over it.
    const never = new Promise(() => undefined);
    const [model, repository, dataHome] = await Promise.all([
      ScriptedModel.start(storyOf(never)),
      scratchRepository({ 'README.md': '# Scratch\n' }),
      temporaryFolder(),
    ]);
    const side = MODEL_SIDES[name](model);
    const forAgents = Object.entries(side.environment).map(([key, value]) => [`ROUNDHOUSE_AGENT_ENV_${key}`, value]);
    const PATH = `${dirname(program)}:${process.env['PATH'] ?? ''}`;
    const service = await startEmbeddedService({
      repository: repository.path,
      data: join(dataHome.path, 'roundhouse'),
      environment: { ...(Object.fromEntries(forAgents) as Record<string, string>), PATH },
    });
    return new ProgramWorld({ model, service, repository, side, dataHome }, name);
  }

  async stop(): Promise<void> {
    await this.service.stop();
    await Promise.all([this.model.close(), this.#repository.remove(), this.dataHome.remove()]);
  }

  agent(more: object): AgentSpec {
    const { extraArgs, model } = this.side;
    const spec = { kind: this.#name, dialogs: 'ask', extraArgs: [...extraArgs], ...more };
    return (model === undefined ? spec : { ...spec, model }) as AgentSpec;
  }

  /** The next signal, with the one before it acknowledged. */
  async nextSignal(): Promise<Signal> {
    const cursor = this.#cursor === undefined ? {} : { cursor: this.#cursor };
    const answer = await again(() => this.client.call('waitSignal', { timeoutMs: WAIT_MS, ...cursor }));
    this.#cursor = answer.cursor ?? this.#cursor;
    return answer;
  }

  /** What the agent needs next. */
  async needs(id: string): Promise<OutputOf<typeof OPERATIONS.waitForIdle>> {
    return await again(() => this.client.call('waitForIdle', { id, timeoutMs: WAIT_MS }));
  }

  /** The dialog that takes words: a slow machine may see it before all of it is drawn. */
  async dialogWithWords(id: string): Promise<NonNullable<Task['activity']['question']>> {
    for (let waits = 0; waits < MAX_WAITS; waits += 1) {
      const { question } = (await this.needs(id)).activity;
      if (question?.id !== undefined && question.textOptions !== undefined) return question;
      await this.client.call('waitForEvents', { taskIds: [id], timeoutMs: DRAW_MS });
    }
    throw new Error(`no dialog that takes words: ${await this.tale(id)}`);
  }

  /** Resolves when its last prompt is proven to have been taken. */
  async taken(id: string): Promise<void> {
    for (let waits = 0; waits < MAX_LOOKS; waits += 1) {
      const { prompts } = await this.client.call('getTask', { id });
      if (prompts.at(-1)?.state === 'accepted') return;
      // An event between the two is missed: so long it is waited for the next one at most.
      await this.client.call('waitForEvents', { taskIds: [id], kinds: ['prompt'], timeoutMs: LOOK_MS });
    }
    throw new Error(`its prompt is not accepted: ${await this.tale(id)}`);
  }

  /** Resolves when its runner has started the agent again. */
  async resumed(id: string): Promise<void> {
    const kinds = ['resumed' as const];
    for (let waits = 0; waits < MAX_WAITS; waits += 1) {
      const request = { taskIds: [id], kinds, from: 'oldest' as const, timeoutMs: WAIT_MS };
      if ((await this.client.call('waitForEvents', request)).events.length > 0) return;
    }
    throw new Error(`it was not started again: ${await this.tale(id)}`);
  }

  /** The files that the task's signal brings. */
  async changed(id: string): Promise<string[]> {
    const { files } = await this.client.call('readDiff', { id });
    return files.map(({ path }) => path).sort();
  }

  /** Resolves when the model is asked that. */
  async asked(prompt: string): Promise<void> {
    await this.model.until((request) => request.items.some((item) => item.by === 'user' && item.text.includes(prompt)));
  }

  /** Resolves when a tool has answered the model so. */
  async answered(words: string): Promise<void> {
    await this.model.until(({ items }) => items.some((item) => item.by === 'tool' && item.text.includes(words)));
  }

  /** The prompts of ours in the conversation that ended with this one, in order. */
  said(last: string): string[] {
    const known = [PROMPTS.ponder, ...['one', 'two', 'three'].map((name) => PROMPTS.add(`${name}.txt`))];
    const told = (request: { items: ScriptedModel['requests'][number]['items'] }): string[] =>
      request.items.flatMap((item) => (item.by === 'user' ? known.filter((prompt) => item.text.includes(prompt)) : []));
    return told(this.model.requests.findLast((request) => told(request).at(-1) === last) ?? { items: [] });
  }

  /** All that may tell why something did not happen. */
  async tale(id: string): Promise<string> {
    const [task, { text }] = await Promise.all([
      this.client.call('getTask', { id }),
      this.client.call('readOutput', { id, tail: true }),
    ]);
    const { lifecycle, activity, prompts, completion, resumes } = task;
    const asked = this.model.requests
      .slice(-6)
      .map(({ form, items, missing }) => ({ form, items: items.slice(-3), missing }));
    return [
      JSON.stringify({ lifecycle, activity, prompts, completion, resumes }, null, 1),
      JSON.stringify(asked, null, 1).slice(-6_000),
      `elsewhere: ${this.model.strangers.slice(-10).join(', ')}; refused: ${[...new Set(this.model.refused)].join(', ')}`,
      text.slice(-3_000),
    ].join('\n');
  }
}

/** A wait has a bound of its own; more than one may be needed. */
async function again<T extends { readonly outcome: string }>(wait: () => Promise<T>): Promise<T> {
  for (let waits = 1; ; waits += 1) {
    const answer = await wait();
    if (answer.outcome !== 'timeout' || waits === MAX_WAITS) return answer;
  }
}
