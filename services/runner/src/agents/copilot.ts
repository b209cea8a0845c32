import type { CodingAgentSpec } from '@roundhouse/contracts';
import { lastOptionRow, numberedDialog } from '../domain/dialog.ts';
import { filledBelow, lastRow, type Screen } from '../domain/screen.ts';
import type { Sighting } from '../domain/signs.ts';
import type { AgentAdapter } from '../ports.ts';
import { FULL_SCREEN_TYPING } from './full-screen-typing.ts';
import { mapServers } from './map-servers.ts';

const MAX_FOOTER_ROWS = 5;
const WORKING = /\(?\besc to cancel\b/i;
const WORKING_ROWS = 6;
const isEdge = (line: string): boolean => /^\s*[─╭╰]?─{8}/u.test(line);

/** The lowest pair of edges with the prompt glyph in between. */
function inputBox(screen: Screen): { top: number; text: string } | null {
  const { lines } = screen;
  const bottom = lastRow(screen, isEdge);
  if (bottom < 0 || filledBelow(screen, bottom) > MAX_FOOTER_ROWS) return null;
  const top = lastRow(screen, (line, row) => row < bottom && isEdge(line));
  const first = (lines[top + 1] ?? '').replace(/^\s*│/u, '');
  if (top < 0 || !/^\s*[❯>](?:\s|$)/u.test(first)) return null;
  const text = lines.slice(top + 1, bottom).map((line) => line.replace(/^\s*│?\s*[❯>]?\s*|\s*│\s*$/gu, ''));
  return { top, text: text.join('\n').trim() };
}

function look(screen: Screen): Sighting {
  const dialog = numberedDialog(screen, {
    selector: '❯',
    bare: (line) => line.replace(/^\s*│|│\s*$/gu, '').trimEnd(),
    beginsBelow: (line) => /^\s*╭─/u.test(line) || /^[●✔✗•]\s/u.test(line),
  });
  const box = inputBox(screen);
  if (dialog !== null && box === null && filledBelow(screen, lastOptionRow(dialog)) <= MAX_FOOTER_ROWS) {
    return { input: null, working: null, dialog };
  }
  if (box === null) return { input: null, working: null, dialog: null };
  const above = screen.lines.slice(Math.max(0, box.top - WORKING_ROWS), box.top);
  return { input: box.text, working: above.findLast((line) => WORKING.test(line))?.trim() ?? null, dialog: null };
}

/** What it may do unasked. Our own tools are never asked about. */
const MODES = {
  ask: [],
  edits: ['--allow-tool', 'write'],
  all: ['--allow-all-tools'],
} as const;

/**
 * GitHub Copilot CLI, after its documentation: there is no recording of it. Tried once by hand with 1.0.102 and another provider
 * (COPILOT_PROVIDER_BASE_URL): its prompt was typed and worked on, but was told as undelivered, and it did not have our tools. Where
 * its screen is another one than here, it reads as unknown and is not typed to.
 */
export const copilot: AgentAdapter<CodingAgentSpec<'copilot'>> = {
  typing: FULL_SCREEN_TYPING,
  signs: { look, titleSays: () => null, idleByScreen: true, needsInput: true },
  canResume: true,
  firstPromptVia: () => 'typed',
  launch: (spec, { worktree, mcp, instructions, permissionMode, resumes }) => ({
    argv: [
      spec.program ?? 'copilot',
      ...(resumes ? ['--continue'] : []),
      ...Object.keys(mcp).flatMap((server) => ['--allow-tool', server]),
      ...MODES[permissionMode],
      ...(spec.model === undefined ? [] : ['--model', spec.model]),
      ...spec.extraArgs,
    ],
    env: { COPILOT_AUTO_UPDATE: 'false' },
    files: [
      { path: '.copilot/copilot-instructions.md', text: instructions },
      { path: '.copilot/config.json', text: JSON.stringify({ trusted_folders: [worktree], banner: 'never' }) },
      {
        path: '.copilot/mcp-config.json',
        text: JSON.stringify({ mcpServers: mapServers(mcp, (server) => ({ type: 'http', ...server, tools: ['*'] })) }),
      },
    ],
  }),
};
