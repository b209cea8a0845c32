import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ModelSide } from './model-side.ts';
import type { ClientProgram } from './programs.ts';

const CLI = fileURLToPath(new URL('../../packages/cli/dist/bundle/main.js', import.meta.url));
const CONFIG_MS = 30_000;
const RUN_MS = 150_000;

/** How each is run without a terminal: its tools of ours allowed, as a person would allow them who has put them there. */
const HEADLESS: Readonly<Record<ClientProgram, (prompt: string, side: ModelSide) => readonly string[]>> = {
  claude: (prompt) => ['-p', prompt, '--allowedTools', 'mcp__roundhouse'],
  codex: (prompt, { extraArgs, model = '' }) => [
    'exec',
    '--skip-git-repo-check',
    ...extraArgs,
    '--model',
    model,
    prompt,
  ],
  gemini: (prompt) => ['--model', 'gemini-2.5-pro', '--approval-mode', 'yolo', '-p', prompt],
  opencode: (prompt) => ['run', prompt],
};

/** What a person of that machine has besides: it trusts the folder that it works in. */
const HABITS: Partial<Readonly<Record<ClientProgram, Readonly<Record<string, string>>>>> = {
  gemini: { GEMINI_CLI_TRUST_WORKSPACE: 'true' },
};

/** What they have said to it before: how it logs in, where it cannot tell by its variables alone. */
const SETTINGS: Partial<Readonly<Record<ClientProgram, readonly [file: string, text: string]>>> = {
  gemini: ['.gemini/settings.json', '{ "security": { "auth": { "selectedType": "gemini-api-key" } } }'],
};

/** Somebody with a HOME of their own, in which next to nothing is but what `roundhouse mcp config --write` puts there. */
export class HeadlessClient {
  readonly #name: ClientProgram;
  readonly #home: string;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(name: ClientProgram, home: string, side: ModelSide) {
    this.#name = name;
    this.#home = home;
    const { PATH, LANG } = process.env;
    this.#environment = { PATH, LANG, HOME: home, TERM: 'xterm-256color', ...side.environment, ...HABITS[name] };
  }

  /** Writes the settings with our own command. */
  async configure(data: string, transport: 'http' | 'stdio'): Promise<void> {
    const [file, text] = SETTINGS[this.#name] ?? [];
    if (file !== undefined && text !== undefined) {
      await mkdir(dirname(join(this.#home, file)), { recursive: true });
      await writeFile(join(this.#home, file), text);
    }
    const args = ['mcp', 'config', '--client', this.#name, '--transport', transport, '--write', '--data', data];
    const env = { PATH: process.env['PATH'], HOME: this.#home };
    await promisify(execFile)(process.execPath, [CLI, ...args], { cwd: this.#home, env, timeout: CONFIG_MS });
  }

  /** Runs the program with a prompt to its end; answers what it said last. Rejects where it fails. */
  async run(program: string, prompt: string, side: ModelSide): Promise<string> {
    const cwd = join(this.#home, 'somewhere');
    await mkdir(cwd, { recursive: true });
    const options = { cwd, env: this.#environment, timeout: RUN_MS, killSignal: 'SIGKILL' as const };
    const running = promisify(execFile)(program, [...HEADLESS[this.#name](prompt, side)], options);
    // Some read more of their prompt from there.
    running.child.stdin?.end();
    return (await running).stdout;
  }
}
