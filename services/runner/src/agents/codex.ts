import { join } from 'node:path';
import type { CodingAgentSpec } from '@roundhouse/contracts';
import { lastOptionRow, numberedDialog } from '../domain/dialog.ts';
import { filledBelow, lastRow, type Screen } from '../domain/screen.ts';
import type { Claim, Sighting } from '../domain/signs.ts';
import type { AgentAdapter, LaunchContext } from '../ports.ts';
import { FULL_SCREEN_TYPING } from './full-screen-typing.ts';

/** Below the place to type stand the model and hints. */
const MAX_FOOTER_ROWS = 4;
const WORKING = /^\s*\S .*\(\s*(?:\d+[hms]\s*)+• esc to interrupt\)/u;
/** The line of work stands above the place to type, with what is queued in between. */
const WORKING_ROWS = 8;
/** What ends a dialog: how to answer it. */
const HINT = /\b(?:press )?(?:enter|esc|tab|←)\b.*\b(?:to|submit|confirm|continue|cancel)\b/i;
const OPTION = /^\s*›?\s*\d{1,2}\.\s/u;

/** The lowest line that begins with the glyph, with nothing below it but more of the text (indented) and the hints. */
function composer(screen: Screen): { row: number; text: string } | null {
  const { lines } = screen;
  const row = lastRow(screen, (line) => /^›(?: |$)/u.test(line));
  if (row < 0) return null;
  const below = lines.slice(row + 1);
  const end = below.findIndex((line) => line.trim() === '');
  if (below.some((line) => /^\S/u.test(line)) || filledBelow(screen, row + Math.max(0, end)) > MAX_FOOTER_ROWS)
    return null;
  const text = [lines[row]?.slice(1) ?? '', ...below.slice(0, Math.max(0, end))].map((line) => line.trim());
  return { row, text: text.join('\n').trim() };
}

function look(screen: Screen): Sighting {
  const { lines } = screen;
  const hint = lastRow(screen, (line) => line.trim() !== '');
  if (hint >= 0 && HINT.test(lines[hint] ?? '')) {
    const dialog = numberedDialog(screen, {
      selector: '›',
      bare: (line) => line.trimEnd(),
      // Messages and earlier prompts stand at the left edge behind a mark of theirs.
      beginsBelow: (line) => /^[•■✔✗⚠✓]\s|^› (?!\d+\. )|^\s+\+ Show details/u.test(line),
    });
    if (
      dialog !== null &&
      filledBelow(screen, lastOptionRow(dialog)) <= MAX_FOOTER_ROWS &&
      noComposer(screen, lastOptionRow(dialog))
    )
      return { input: null, working: null, dialog };
  }
  const box = composer(screen);
  if (box === null) return { input: null, working: null, dialog: null };
  const working = lines.slice(Math.max(0, box.row - WORKING_ROWS), box.row).findLast((line) => WORKING.test(line));
  return { input: box.text, working: working?.trim() ?? null, dialog: null };
}

/** A place to type below the options means that the options are quoted. */
const noComposer = ({ lines }: Screen, row: number): boolean =>
  !lines.slice(row + 1).some((line) => /^›(?: |$)/u.test(line) && !OPTION.test(line));

function titleSays(title: string): Claim | null {
  if (/^[⠁-⣿]/u.test(title)) return 'busy';
  if (/^\[ [!.] \] Action Required\b/u.test(title)) return 'waiting_input';
  return title === '' ? null : 'idle';
}

/** When it asks, and what it can reach without; the sandbox around it is the attempt's own. */
const MODES = {
  ask: { approval: 'on-request', sandbox: 'read-only' },
  edits: { approval: 'on-request', sandbox: 'workspace-write' },
  all: { approval: 'never', sandbox: 'danger-full-access' },
} as const;

/** Codex. Without `--no-daemon` it leaves a server of 400 MB behind that outlives it. */
export const codex: AgentAdapter<CodingAgentSpec<'codex'>> = {
  typing: FULL_SCREEN_TYPING,
  // It streams without any sign of work on the screen: there, only its status and its title tell.
  signs: { look, titleSays, idleByScreen: false, needsInput: true },
  canResume: true,
  firstPromptVia: () => 'typed',
  launch: (spec, { home, worktree, mcp, instructions, permissionMode, resumes }) => ({
    argv: [
      spec.program ?? 'codex',
      ...(resumes ? ['resume', '--last'] : []),
      '--no-daemon',
      '--ask-for-approval',
      MODES[permissionMode].approval,
      '--sandbox',
      MODES[permissionMode].sandbox,
      ...(spec.model === undefined ? [] : ['--model', spec.model]),
      ...spec.extraArgs,
    ],
    env: { CODEX_HOME: join(home, '.codex') },
    files: [
      { path: '.codex/AGENTS.md', text: instructions },
      { path: '.codex/config.toml', text: configOf(worktree, mcp) },
    ],
  }),
};

/** A JSON string is a TOML basic string, but for DEL and what JSON leaves unescaped of C1: those are in no URL or path. */
const toml = (text: string): string => JSON.stringify(text);

/** Its tools of ours are approved ahead: nobody is there to be asked whether the agent may say that it is done. */
const configOf = (worktree: string, servers: LaunchContext['mcp']): string =>
  [
    'check_for_update_on_startup = false',
    '[analytics]',
    'enabled = false',
    `[projects.${toml(worktree)}]`,
    'trust_level = "trusted"',
    '[sandbox_workspace_write]',
    'network_access = true',
    `writable_roots = [${toml(join(worktree, '.git'))}]`,
    ...Object.entries(servers).flatMap(([server, { url, headers }]) => [
      `[mcp_servers.${server}]`,
      `url = ${toml(url)}`,
      'required = true',
      'tool_timeout_sec = 300',
      'default_tools_approval_mode = "approve"',
      `[mcp_servers.${server}.http_headers]`,
      ...Object.entries(headers).map(([name, value]) => `${toml(name)} = ${toml(value)}`),
    ]),
    '',
  ].join('\n');
