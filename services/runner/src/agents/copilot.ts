import type { CodingAgentSpec } from '@roundhouse/contracts';
import { type Dialog, dialogText } from '../domain/dialog.ts';
import { filledBelow, lastRow, type Screen } from '../domain/screen.ts';
import type { Sighting } from '../domain/signs.ts';
import type { AgentAdapter } from '../ports.ts';
import { permissionOf } from './copilot-permission.ts';
import { recordedSince } from './copilot-record.ts';
import { isRule, questionOf } from './copilot-question.ts';
import { FULL_SCREEN_TYPING } from './full-screen-typing.ts';
import { mapServers } from './map-servers.ts';

const MAX_FOOTER_ROWS = 3;
const PROMPT = /^\s?[❯!]/u;
/** It pulses before what the program is at, in the line below the place to type. Idle, hints stand there. */
const ACTIVITY = /^ ?[∙∘○◎◉●] (\S.*)$/u;
/** Until then prompts are queued: its tools are not there yet, or its conversation. */
const STARTS = /^(?:Loading|Resuming session|Preparing worktree|Applying managed plugin policy)\b/;

/** At the very edge, right above the folder that stands above the place to type: whatever is typed is thrown away. */
const WANTS_LOGIN = /^Please use \/login\b/;
const LOGIN_ROWS = 3;

interface InputBox {
  readonly top: number;
  readonly bottom: number;
  readonly text: string;
}

/** The two lowest rules with the prompt glyph under the upper one. Prompts of before have no rules. */
function inputBox(screen: Screen): InputBox | null {
  const { lines } = screen;
  const bottom = lastRow(screen, isRule);
  if (bottom < 0 || filledBelow(screen, bottom) > MAX_FOOTER_ROWS) return null;
  const top = lastRow(screen, (line, row) => row < bottom && isRule(line));
  if (top < 0 || !PROMPT.test(lines[top + 1] ?? '')) return null;
  const text = lines.slice(top + 1, bottom).map((line) => line.replace(PROMPT, '').trim());
  return { top, bottom, text: text.join('\n').trim() };
}

const UNTOLD: Sighting = { input: null, working: null, dialog: null };

function look(screen: Screen): Sighting {
  const dialog = questionOf(screen) ?? permissionOf(screen);
  if (dialog !== null) return { ...UNTOLD, dialog };
  const box = inputBox(screen);
  if (box === null) return UNTOLD;
  const login = screen.lines.slice(Math.max(0, box.top - LOGIN_ROWS), box.top).find((line) => WANTS_LOGIN.test(line));
  if (login !== undefined) return { ...UNTOLD, dialog: loginDialog(login) };
  const [, activity] = ACTIVITY.exec(screen.lines[box.bottom + 1] ?? '') ?? [];
  if (activity !== undefined && STARTS.test(activity)) return UNTOLD;
  // The model stands at the end of that line.
  return { input: box.text, working: activity?.split(/\s{3,}/)[0] ?? null, dialog: null };
}

/** Nothing that could be chosen: a person takes the keyboard for it. */
const loginDialog = (text: string): Dialog => ({
  kind: 'auth',
  text: dialogText([text]),
  options: [],
  selected: null,
  layout: 'list',
  rows: [],
  drawn: [],
  textOptions: [],
  typing: null,
});

/** What it may do unasked. */
const MODES = {
  ask: [],
  edits: ['--allow-tool=write'],
  all: ['--allow-all'],
} as const;

/**
 * GitHub Copilot CLI. It unpacks itself into its HOME, 235 MB, where COPILOT_PKG_CACHE_HOME names no other place. Its tools
 * are there before it takes a prompt; our own are never asked about.
 */
export const copilot: AgentAdapter<CodingAgentSpec<'copilot'>> = {
  typing: { ...FULL_SCREEN_TYPING, acceptedBy: 'record' },
  recordedSince,
  signs: { look, titleSays: () => null, idleByScreen: true, needsInput: true },
  canResume: true,
  firstPromptVia: () => 'typed',
  launch: (spec, { worktree, mcp, instructions, permissionMode, resumes }) => ({
    argv: [
      spec.program ?? 'copilot',
      ...(resumes ? ['--continue'] : []),
      ...Object.keys(mcp).map((server) => `--allow-tool=${server}`),
      ...MODES[permissionMode],
      ...(spec.model === undefined ? [] : ['--model', spec.model]),
      ...spec.extraArgs,
    ],
    env: { COPILOT_AUTO_UPDATE: 'false' },
    files: [
      { path: '.copilot/copilot-instructions.md', text: instructions },
      {
        path: '.copilot/settings.json',
        text: JSON.stringify({ banner: 'never', autoUpdate: false, showTipsOnStartup: false }),
      },
      // What it has been asked before, in the file that it keeps itself.
      { path: '.copilot/config.json', text: JSON.stringify({ trustedFolders: [worktree] }) },
      {
        path: '.copilot/mcp-config.json',
        text: JSON.stringify({ mcpServers: mapServers(mcp, (server) => ({ type: 'http', ...server, tools: ['*'] })) }),
      },
    ],
  }),
};
