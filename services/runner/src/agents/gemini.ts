import type { CodingAgentSpec } from '@roundhouse/contracts';
import { type Dialog, lastOptionRow, numberedDialog, type TextPlace, withTextPlaces } from '../domain/dialog.ts';
import { filledBelow, lastRow, type Screen } from '../domain/screen.ts';
import type { Claim, Sighting } from '../domain/signs.ts';
import type { AgentAdapter, LaunchContext } from '../ports.ts';
import { FULL_SCREEN_TYPING } from './full-screen-typing.ts';
import { mapServers } from './map-servers.ts';

/** Below the place to type stand the folder, the sandbox and the model, which a narrow terminal wraps. */
const MAX_FOOTER_ROWS = 8;
const MAX_HINT_ROWS = 3;
const WORKING = /\(esc to cancel(?:, [\dhms .]+)?\)/i;
const WORKING_ROWS = 8;

const isEdge = (line: string): boolean => /^[▀▄▁▔]{10}/u.test(line.trim());
const isFrame = (line: string): boolean => /^\s*[╭╰]─/u.test(line);
/** Marks of messages: what stands above them is transcript. */
const isMessage = (line: string): boolean => /^\s?[✦ℹ✕⚠]\s/u.test(line);

interface InputBox {
  readonly top: number;
  readonly bottom: number;
  readonly text: string;
}

/** The lowest box in which one types. Prompts of before have one too, with the transcript below. */
function inputBox(screen: Screen): InputBox | null {
  const { lines } = screen;
  const bottom = lastRow(screen, (line) => /^[▀▔]{10}|^╰─/u.test(line.trim()));
  if (bottom < 0 || filledBelow(screen, bottom) > MAX_FOOTER_ROWS) return null;
  if (lines.slice(bottom + 1).some((line) => isMessage(line) || isFrame(line) || isEdge(line))) return null;
  const top = lastRow(screen, (line, row) => row < bottom && (isFrame(line) || isEdge(line)));
  const first = (lines[top + 1] ?? '').replace(/^\s*│/u, '');
  if (top < 0 || !/^\s*[>!*✎](?:\s|$)/u.test(first)) return null;
  const text = lines.slice(top + 1, bottom).map((line) => line.replace(/^\s*│?\s*[>!*]?\s*|\s*│\s*$/gu, ''));
  return { top, bottom, text: text.join('\n').trim() };
}

function dialogOf(screen: Screen): Dialog | null {
  const dialog = numberedDialog(screen, {
    selector: '●',
    bare: (line) => line.replace(/^\s*│|│\s*$/gu, '').trimEnd(),
    beginsBelow: (line) => /^\s*╭─/u.test(line) || isMessage(line) || isEdge(line),
  });
  if (dialog === null) return null;
  const below = screen.lines.slice(lastOptionRow(dialog) + 1);
  if (below.some((line) => isEdge(line) || isMessage(line) || /^\s*╭─/u.test(line))) return null;
  const end = below.findIndex((line) => /^\s*╰─/u.test(line));
  if (filledBelow(screen, lastOptionRow(dialog) + 1 + Math.max(0, end)) > MAX_HINT_ROWS) return null;
  return withTextPlaces(dialog, textPlaces(dialog, below.slice(0, end).join('\n')));
}

/** The last entry of its questions: standing there one types right into it, and the hint below says so. */
const OWN_ANSWER = 'Enter a custom value';

function textPlaces({ options, selected }: Dialog, hints: string): TextPlace[] {
  const last = options.length - 1;
  const isOpen = selected === last && /\bEnter to submit\b/.test(hints);
  const place: TextPlace = { option: last, opensBy: '', label: OWN_ANSWER, lead: '', isOpen };
  return isOpen || options[last] === OWN_ANSWER ? [place] : [];
}

function look(screen: Screen): Sighting {
  const dialog = dialogOf(screen);
  if (dialog !== null) return { input: null, working: null, dialog };
  const box = inputBox(screen);
  if (box === null) return { input: null, working: null, dialog: null };
  const above = screen.lines.slice(Math.max(0, box.top - WORKING_ROWS), box.top);
  const working = above.findLast((line) => WORKING.test(line) && !isMessage(line));
  return { input: box.text, working: working?.trim() ?? null, dialog: null };
}

function titleSays(title: string): Claim | null {
  if (/^[✦⠁-⣿]/u.test(title)) return 'busy';
  if (title.startsWith('✋')) return 'waiting_input';
  return title.startsWith('◇') ? 'idle' : null;
}

const MODES = { ask: 'default', edits: 'auto_edit', all: 'yolo' } as const;

/** Gemini CLI. Without a model it asks another model first which to take, so it is given one. */
export const gemini: AgentAdapter<CodingAgentSpec<'gemini'>> = {
  typing: FULL_SCREEN_TYPING,
  signs: { look, titleSays, idleByScreen: true, needsInput: true },
  canResume: true,
  firstPromptVia: () => 'typed',
  launch: (spec, { mcp, instructions, permissionMode, environment, resumes }) => ({
    argv: [
      spec.program ?? 'gemini',
      ...(resumes ? ['--resume', 'latest'] : []),
      '--model',
      spec.model ?? 'gemini-2.5-pro',
      '--approval-mode',
      MODES[permissionMode],
      ...spec.extraArgs,
    ],
    env: { GEMINI_CLI_TRUST_WORKSPACE: 'true' },
    files: [
      { path: '.gemini/GEMINI.md', text: instructions },
      { path: '.gemini/settings.json', text: JSON.stringify(settingsOf(mcp, environment)) },
    ],
  }),
};

/** Our tools are trusted, the folder is not asked about, and the way to log in is the one that the environment has. */
const settingsOf = (servers: LaunchContext['mcp'], environment: LaunchContext['environment']): object => ({
  security: {
    folderTrust: { enabled: false },
    ...(environment['GEMINI_API_KEY'] === undefined ? {} : { auth: { selectedType: 'gemini-api-key' } }),
  },
  general: { enableAutoUpdate: false, enableAutoUpdateNotification: false },
  privacy: { usageStatisticsEnabled: false },
  telemetry: { enabled: false },
  ui: { hideWindowTitle: false, dynamicWindowTitle: true },
  mcpServers: mapServers(servers, (server) => ({ type: 'http', ...server, timeout: 600_000, trust: true })),
});
