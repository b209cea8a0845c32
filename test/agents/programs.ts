import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A program of the npm registry that the tests run as it is, by the name of its kind. */
export interface PinnedProgram {
  /** What is downloaded, in MB: said before it is. */
  readonly downloadMb: number;
  /** Whether dependencies that npm may leave out are wanted: where they are the program itself. */
  readonly optional: boolean;
  /** The program below an installed manifest, or null where its makers have none for this system. */
  find(modules: string): Promise<string | null>;
}

const firstOf = async (folder: string, name: RegExp, file: string): Promise<string | null> => {
  const found = (await readdir(folder).catch(() => [])).find((entry) => name.test(entry));
  return found === undefined ? null : join(folder, found, file);
};

/** The manifests are in the folder of the same name. */
export const PROGRAMS = {
  claude: {
    downloadMb: 175,
    optional: true,
    find: (modules) => firstOf(join(modules, '@anthropic-ai'), /^claude-code-/, 'claude'),
  },
  codex: {
    downloadMb: 167,
    optional: true,
    find: async (modules) => join(modules, '@openai/codex/bin/codex.js'),
  },
  gemini: {
    downloadMb: 21,
    optional: false,
    find: async (modules) => join(modules, '@google/gemini-cli/bundle/gemini.js'),
  },
  opencode: {
    downloadMb: 60,
    optional: true,
    find: (modules) => firstOf(modules, /^opencode-/, 'bin/opencode'),
  },
  copilot: {
    downloadMb: 62,
    optional: true,
    find: (modules) => firstOf(join(modules, '@github'), /^copilot-/, 'copilot'),
  },
} as const satisfies Readonly<Record<string, PinnedProgram>>;

export type ProgramName = keyof typeof PROGRAMS;
/** Those that `roundhouse mcp config` writes settings for. */
export type ClientProgram = Exclude<ProgramName, 'copilot'>;
export const isClient = (name: ProgramName): name is ClientProgram => name !== 'copilot';
