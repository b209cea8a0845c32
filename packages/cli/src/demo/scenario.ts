/** A line of a tracked file that several tasks want to change. */
export interface Target {
  readonly path: string;
  readonly line: string;
}

export interface DemoTask {
  readonly name: string;
  readonly prompt: string;
  /** Whether it lands, or meets the line that another one changed first. */
  readonly fate: 'lands' | 'conflicts';
}

const FOLDER = 'roundhouse-demo';

const PAGES: readonly (readonly [topic: string, text: string])[] = [
  ['Glossary', 'A task is one piece of work; a runner owns its worktree and its terminal.'],
  ['Checklist', 'Read the diff before it lands. Land what was reviewed, and nothing else.'],
  ['Release notes', 'Six pieces of work came in at the same time, and none waited for another.'],
  ['Questions', 'What happens when two change one line? The second hears it, with the file named.'],
  ['Thanks', 'To everyone who ever resolved a merge conflict by hand.'],
];

export const headlineOf = (target: Target): string => `${target.line} - built side by side`;
const firstWording = (target: Target): string => `${target.line} - many agents, one branch`;
const secondWording = (target: Target): string => `${target.line} - worktrees all the way down`;
const bothWordings = (target: Target): string => `${headlineOf(target)}, many agents, one branch`;

/** Eight tasks for the scripted agent: six that can land, and two that change a line which the first changes too. */
export function demoTasks(target: Target): DemoTask[] {
  const pages = PAGES.map(([topic, text], index): DemoTask => ({
    name: topic,
    prompt: pagePrompt(topic, text, 250 + 150 * index),
    fate: 'lands',
  }));
  return [
    { name: 'Headline', prompt: linePrompt(target, headlineOf(target), 'Reword the headline', 300), fate: 'lands' },
    ...pages,
    {
      name: 'Wording A',
      prompt: linePrompt(target, firstWording(target), 'Reword the headline, first idea', 500),
      fate: 'conflicts',
    },
    {
      name: 'Wording B',
      prompt: linePrompt(target, secondWording(target), 'Reword the headline, second idea', 700),
      fate: 'conflicts',
    },
  ];
}

/** What the first of the two is told once it has met the conflict: keep both wordings, and signal again. */
export const resolvePrompt = (target: Target, baseBranch: string): string =>
  [
    `Your change conflicts with ${baseBranch}. Merge ${baseBranch}, keep both wordings, and signal again.`,
    '@run git fetch origin',
    `@try git merge --no-edit origin/${baseBranch}`,
    `@run git checkout --theirs -- ${target.path}`,
    `@replace ${target.path} "${headlineOf(target)}" "${bothWordings(target)}"`,
    `@commit Merge ${baseBranch}, keeping both wordings`,
    '@done Merged the base branch; the line has both wordings now.',
  ].join('\n');

/** A first line that can stand in quotes in a directive: printable ASCII without quotes and backslashes. */
export const canBeTarget = (path: string, line: string): boolean =>
  /^[\w./-]+$/.test(path) && /^[ !#-&(-[\]-~]{2,120}$/.test(line) && line.trim() === line;

function pagePrompt(topic: string, text: string, pauseMs: number): string {
  const path = `${FOLDER}/${topic.toLowerCase().replaceAll(' ', '-')}.md`;
  return [
    `Write a short page "${topic}" into ${path}, and commit it.`,
    '@print looking around',
    '@run git log --oneline -1',
    `@sleep ${pauseMs}`,
    `@write ${path} <<END`,
    `# ${topic}`,
    '',
    text,
    'END',
    `@commit Add a page: ${topic}`,
    `@done Added ${path}.`,
  ].join('\n');
}

const linePrompt = (target: Target, line: string, subject: string, pauseMs: number): string =>
  [
    `${subject}: it is the first line of ${target.path}.`,
    `@sleep ${pauseMs}`,
    `@replace ${target.path} "${target.line}" "${line}"`,
    `@commit ${subject}`,
    `@done ${subject}.`,
  ].join('\n');
