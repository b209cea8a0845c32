import { basename, join } from 'node:path';
import type { CodingAgentSpec } from '@roundhouse/contracts';
import {
  type Dialog,
  kindOf,
  lastOptionRow,
  numberedDialog,
  type TextPlace,
  withTextPlaces,
} from '../domain/dialog.ts';
import { filledBelow, lastRow, type Screen } from '../domain/screen.ts';
import type { Claim, Sighting } from '../domain/signs.ts';
import type { AgentAdapter, LaunchContext } from '../ports.ts';
import { recordedSince } from './claude-record.ts';
import { FULL_SCREEN_TYPING } from './full-screen-typing.ts';
import { mapServers } from './map-servers.ts';

/** A rule across the screen, which may carry a word or two. */
const isRule = (line: string, cols: number): boolean => {
  const text = line.trim();
  const drawn = text.replace(/[^─━]/gu, '').length;
  return (
    /^[─━]{4}/u.test(text) && /[─━]$/u.test(text) && drawn >= Math.min(cols - 2, 40) / 2 && drawn * 2 > text.length
  );
};

/** Below the place to type stand hints, in a few lines at most. */
const MAX_FOOTER_ROWS = 5;
/** Below the options of a dialog stands how to answer it. */
const MAX_HINT_ROWS = 4;
/** How far above the place to type it says what it is at: a line, and lists of things to do or tips below it. */
const SPINNER_ROWS = 16;
const SPINNER = /^[·✢✳✶✻✽*∗] \S.*…(?: \(|\s*$)/u;

interface InputBox {
  readonly top: number;
  readonly bottom: number;
  readonly text: string;
}

/** The two lowest rules with the prompt glyph under the upper one: only what is below them can be below the transcript. */
function inputBox(screen: Screen): InputBox | null {
  const { lines, cols } = screen;
  const bottom = lastRow(screen, (line) => isRule(line, cols));
  if (bottom < 0 || filledBelow(screen, bottom) > MAX_FOOTER_ROWS) return null;
  const top = lastRow(screen, (line, row) => row < bottom && isRule(line, cols));
  if (top < 0 || !/^\s?[❯>!#]/u.test(lines[top + 1] ?? '')) return null;
  const text = lines.slice(top + 1, bottom).map((line) => line.replace(/^\s?[❯>!#]?\s?/u, '').trimEnd());
  return { top, bottom, text: text.join('\n').trim() };
}

/** Below its options: Tab opens a place for words after a plain "Yes" or "No". */
const AMENDS = /\bTab to amend\b/;
const PLAIN_ANSWER = /^(?:Yes|No)$/;
/** What they become when it is open, and what is typed instead of that. */
const AMENDED_ANSWER = /^(Yes|No), /;
/** The entry of a question of its own: one types right there. */
const OWN_ANSWER = /^Type something\.?$/;
const CHOOSES = /\bEnter to select\b/;
/** The most rows that words take there. */
const MAX_TEXT_ROWS = 8;

/** Where words can be typed. That the cursor stands in an option, and not before it, says that its place is open. */
function textPlaces(dialog: Dialog, { lines, cursor }: Screen): TextPlace[] {
  const { options, rows, selected } = dialog;
  const from = rows[selected ?? -1] ?? Infinity;
  const isIn = cursor.y >= from && cursor.y < (rows[(selected ?? -1) + 1] ?? from + MAX_TEXT_ROWS);
  const open = isIn && cursor.x >= (/^\D*\d+\. /u.exec(lines[from] ?? '')?.[0].length ?? Infinity) ? selected : null;
  const hints = lines.slice(lastOptionRow(dialog) + 1).join('\n');
  const chooses = CHOOSES.test(hints);
  return options.flatMap((label, option): TextPlace[] => {
    const isOpen = option === open;
    if (chooses)
      return isOpen || OWN_ANSWER.test(label)
        ? [{ option, opensBy: '', label: OWN_ANSWER_LABEL, lead: '', isOpen }]
        : [];
    const amended = isOpen ? AMENDED_ANSWER.exec(label)?.[1] : undefined;
    if (amended !== undefined) return [{ option, opensBy: '\t', label: amended, lead: `${amended},`, isOpen }];
    const takes = PLAIN_ANSWER.test(label) && (open !== null || AMENDS.test(hints));
    return takes ? [{ option, opensBy: '\t', label, lead: '', isOpen: false }] : [];
  });
}
const OWN_ANSWER_LABEL = 'Type something.';

function look(screen: Screen): Sighting {
  const { lines, cols } = screen;
  const box = inputBox(screen);
  const dialog = numberedDialog(screen, {
    selector: '❯',
    bare: (line) => line.replace(/^\s?│ ?|\s*│$/gu, '').trimEnd(),
    beginsBelow: (line) => isRule(line, cols) || /^\s*╭─/u.test(line),
  });
  if (dialog !== null && lastOptionRow(dialog) > (box?.bottom ?? -1)) {
    const asked = withTextPlaces(dialog, textPlaces(dialog, screen));
    const isLast = asked.typing?.option === dialog.options.length - 1;
    if (filledBelow(screen, lastOptionRow(dialog)) <= MAX_HINT_ROWS + (isLast ? MAX_TEXT_ROWS : 0))
      return { input: null, working: null, dialog: { ...asked, kind: kindOf(asked.text, asked.options[0] ?? '') } };
  }
  if (box === null) return { input: null, working: null, dialog: null };
  const footer = lines.slice(box.bottom + 1).find((line) => /\besc to interrupt\b/i.test(line));
  const spinner = lines.slice(Math.max(0, box.top - SPINNER_ROWS), box.top).findLast((line) => SPINNER.test(line));
  return { input: box.text, working: (footer ?? spinner)?.trim() ?? null, dialog: null };
}

/** Its idle title stays while a dialog is up, so it counts only together with a screen that shows none. */
function titleSays(title: string): Claim | null {
  if (/^[◐◑◒◓⠀-⣿]/u.test(title)) return 'busy';
  return title.startsWith('✳') ? 'idle' : null;
}

/** What it may do without asking, in its words. */
const MODES = { ask: 'default', edits: 'acceptEdits', all: 'bypassPermissions' } as const;
const MAX_KEY_TAIL = 20;

/** Claude Code. Its transcripts lie in its HOME, under the id that it is given here. */
export const claude: AgentAdapter<CodingAgentSpec<'claude'>> = {
  typing: { ...FULL_SCREEN_TYPING, acceptedBy: 'record' },
  recordedSince,
  signs: { look, titleSays, idleByScreen: true, needsInput: true },
  canResume: true,
  firstPromptVia: () => 'typed',
  launch: (spec, context) => {
    const { home, worktree, mcp, mcpConfig, instructions, permissionMode, environment, taskId, resumes } = context;
    const instructionsFile = join(home, INSTRUCTIONS);
    return {
      argv: [
        spec.program ?? 'claude',
        ...(resumes ? ['--resume', taskId] : ['--session-id', taskId]),
        '--mcp-config',
        mcpConfig,
        '--strict-mcp-config',
        '--allowedTools',
        toolsOf(mcp),
        '--permission-mode',
        MODES[permissionMode],
        '--append-system-prompt-file',
        instructionsFile,
        ...(spec.model === undefined ? [] : ['--model', spec.model]),
        ...spec.extraArgs,
      ],
      // As root it refuses to work unasked unless it is told that it is in a sandbox; that is what an attempt is.
      env: {
        DISABLE_AUTOUPDATER: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        IS_SANDBOX: '1',
        // Its tools are there before it says that it waits: a first prompt would else be worked on without them.
        MCP_CONNECTION_NONBLOCKING: '0',
      },
      files: [
        { path: INSTRUCTIONS, text: instructions },
        { path: '.claude.json', text: JSON.stringify(onboarded(worktree, environment['ANTHROPIC_API_KEY'])) },
        { path: '.claude/settings.json', text: JSON.stringify({ skipDangerousModePermissionPrompt: true }) },
        { path: basename(mcpConfig), text: JSON.stringify(claudeMcp(mcp)) },
      ],
    };
  },
};

/** All tools of each server, in its words. */
const toolsOf = (servers: LaunchContext['mcp']): string =>
  Object.keys(servers)
    .map((name) => `mcp__${name}`)
    .join(',');

const INSTRUCTIONS = 'roundhouse-instructions.md';

/** Its tools are loaded at once: it would otherwise have to look for the very tool by which it says that it is done. */
const claudeMcp = (servers: LaunchContext['mcp']): object => ({
  mcpServers: mapServers(servers, (server) => ({ type: 'http', ...server, alwaysLoad: true })),
});

/** What it has been asked and told at its first start: colours, trust in the folder, the key of the environment. */
const onboarded = (worktree: string, key: string | undefined): object => ({
  hasCompletedOnboarding: true,
  lastOnboardingVersion: '99.0.0',
  theme: 'dark',
  numStartups: 3,
  autoUpdates: false,
  bypassPermissionsModeAccepted: true,
  ...(key === undefined ? {} : { customApiKeyResponses: { approved: [key.slice(-MAX_KEY_TAIL)], rejected: [] } }),
  projects: {
    [worktree]: { hasTrustDialogAccepted: true, hasCompletedProjectOnboarding: true, projectOnboardingSeenCount: 4 },
  },
});
