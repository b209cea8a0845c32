import { join } from 'node:path';
import type { CodingAgentSpec } from '@roundhouse/contracts';
import { type Dialog, dialogText, kindOf, numberedDialog, type TextPlace, withTextPlaces } from '../domain/dialog.ts';
import { filledBelow, lastRow, type Screen } from '../domain/screen.ts';
import type { Sighting } from '../domain/signs.ts';
import type { AgentAdapter } from '../ports.ts';
import { FULL_SCREEN_TYPING } from './full-screen-typing.ts';
import { mapServers } from './map-servers.ts';

/**
 * Only in the line right below the place to type. After one Esc it asks for another one there ("esc again to interrupt") for some
 * seconds, and does not say that it works: who pressed it meant to stop it, and a prompt that comes meanwhile is queued by it.
 */
const WORKING = /\besc interrupt\b/;
/** The lower edge of the place to type. */
const BOX_END = /^\s*╹▀{6}/u;
/** How to answer: the last line of a dialog. Narrow terminals cut it off. */
const HINT = /⇆|↑↓|\b(?:enter|return) (?:confirm|submit|toggle|select)\b|\besc (?:dismiss|reject|cancel)\b/;
const EDGE = /^\s*┃/u;
const bare = (line: string): string => line.replace(/^\s*┃/u, '').trimEnd();

/** The home screen has a tip, the folder and the version below the place to type. */
const MAX_FOOTER_ROWS = 6;
const MAX_DIALOG_ROWS = 40;

function boxOf(screen: Screen): { end: number; text: string } | null {
  const { lines } = screen;
  const end = lastRow(screen, (line) => BOX_END.test(line));
  if (end < 0 || filledBelow(screen, end) > MAX_FOOTER_ROWS) return null;
  const begin = lines.slice(0, end).findLastIndex((line) => !EDGE.test(line));
  const text = lines.slice(begin + 1, end).map((line) => bare(line).trim());
  // Its last line names the agent and the model.
  return { end, text: text.slice(0, -1).join('\n').trim() };
}

/** The lowest block that ends in how to answer it. */
function dialogOf(screen: Screen): Dialog | null {
  const { lines } = screen;
  const hint = lastRow(screen, (line) => EDGE.test(line) && HINT.test(line));
  if (hint < 0 || filledBelow(screen, hint) > 3 || lastRow(screen, (line) => BOX_END.test(line)) > hint) return null;
  const list = numberedDialog(
    { ...screen, lines: lines.slice(0, hint) },
    { selector: null, bare, beginsBelow: (line) => !EDGE.test(line) },
  );
  if (list !== null) {
    const shades = list.rows.map((row) => screen.shades(row)[(lines[row] ?? '').search(/\d/)] ?? 0);
    return withTextPlaces({ ...list, selected: standingOut(shades) }, textPlaces(list, screen, hint));
  }
  const begin = lines.slice(0, hint).findLastIndex((line) => !EDGE.test(line));
  const text = dialogText(lines.slice(Math.max(begin + 1, hint - MAX_DIALOG_ROWS), hint).map(bare));
  const options = rowOf(screen, hint);
  if (options.length === 0) return null;
  const names = options.map(({ name }) => name);
  return {
    kind: kindOf(text, names[0] ?? ''),
    text,
    options: names,
    selected: standingOut(options.map(({ shade }) => shade)),
    layout: 'row',
    rows: names.map(() => hint),
    drawn: names,
    textOptions: [],
    typing: null,
  };
}

/** The last entry of its questions: Enter opens a place below it, and the cursor stands there. */
const OWN_ANSWER = 'Type your own answer';

function textPlaces({ options, rows }: Dialog, { cursor }: Screen, hint: number): TextPlace[] {
  const option = options.length - 1;
  if (options[option]?.startsWith(OWN_ANSWER) !== true) return [];
  const isOpen = cursor.y > (rows[option] ?? hint) && cursor.y < hint;
  return [{ option, opensBy: '\r', label: OWN_ANSWER, lead: OWN_ANSWER, isOpen }];
}

/** The options of a row: words divided by wider gaps, up to the hints at its end, each with its background. */
function rowOf(screen: Screen, row: number): { name: string; shade: number }[] {
  const line = screen.lines[row] ?? '';
  const shades = screen.shades(row);
  const options: { name: string; shade: number }[] = [];
  for (const { 0: name, index } of line.matchAll(/[^\s┃](?:\S| (?! ))*/gu)) {
    if (/^(?:ctrl\+|⇆|↑|↓|←|tab\b|enter\b|esc\b)/u.test(name)) break;
    options.push({ name: name.trim(), shade: shades[index] ?? 0 });
  }
  return options;
}

/** The one whose background differs from that of all others; of two, nobody can tell which is chosen. */
function standingOut(shades: readonly number[]): number | null {
  const alone = shades.flatMap((shade, index) =>
    shades.filter((other) => other === shade).length === 1 ? [index] : [],
  );
  return alone.length === 1 ? (alone[0] ?? null) : null;
}

function look(screen: Screen): Sighting {
  const dialog = dialogOf(screen);
  if (dialog !== null) return { input: null, working: null, dialog };
  const box = boxOf(screen);
  if (box === null) return { input: null, working: null, dialog: null };
  const footer = screen.lines[box.end + 1] ?? '';
  return { input: box.text, working: WORKING.test(footer) ? footer.trim().replace(/\s+/g, ' ') : null, dialog: null };
}

/** What it may do unasked; of several rules that fit, the last one holds. Our own tools are never asked about. */
const MODES = {
  ask: { '*': 'ask', read: 'allow', 'roundhouse*': 'allow' },
  edits: { '*': 'ask', read: 'allow', edit: 'allow', 'roundhouse*': 'allow' },
  all: { '*': 'allow' },
} as const;
const INSTRUCTIONS = '.config/opencode/roundhouse.md';

/** opencode. It reports nothing of itself in the terminal: its screen is all there is, and that shows its work without fail. */
export const opencode: AgentAdapter<CodingAgentSpec<'opencode'>> = {
  typing: FULL_SCREEN_TYPING,
  signs: { look, titleSays: () => null, idleByScreen: true, needsInput: true },
  canResume: true,
  firstPromptVia: () => 'typed',
  launch: (spec, { home, mcp, instructions, permissionMode, resumes }) => ({
    argv: [
      spec.program ?? 'opencode',
      ...(resumes ? ['--continue'] : []),
      ...(spec.model === undefined ? [] : ['--model', spec.model]),
      ...spec.extraArgs,
    ],
    env: { OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1' },
    files: [
      { path: INSTRUCTIONS, text: instructions },
      {
        path: '.config/opencode/opencode.json',
        text: JSON.stringify({
          autoupdate: false,
          share: 'disabled',
          permission: MODES[permissionMode],
          instructions: [join(home, INSTRUCTIONS)],
          mcp: mapServers(mcp, (server) => ({ type: 'remote', ...server, enabled: true, oauth: false })),
        }),
      },
    ],
  }),
};
