import type { Signal, Task } from '@roundhouse/contracts';
import { oneLine, type Output, printable, table } from '../../output.ts';
import { stateWords } from '../../state-words.ts';
import { limitWords } from '../limit-options.ts';

/** A task on one line of a table. */
export const taskRow = (task: Task, { colour }: Output): string[] => [
  colour.cyan(task.id.slice(0, 8)),
  oneLine(task.name),
  stateWords(task),
  task.branch,
  oneLine(task.attention ?? ''),
];

export const TASK_HEAD = ['ID', 'NAME', 'STATE', 'BRANCH', 'ATTENTION'];

const resultWords = ({ result, resultBytes }: Signal): string =>
  result === null ? `${resultBytes} bytes of JSON` : oneLine(JSON.stringify(result));

function admissionRows({ admission, priority, dependsOn }: Task): [string, string][] {
  const rows: [string, string][] = [['priority', String(priority)]];
  if (dependsOn.length > 0)
    rows.push(['depends on', dependsOn.map(({ taskId, until }) => `${taskId.slice(0, 8)} (${until})`).join(', ')]);
  if (admission.state === 'held')
    rows.push(['held', `${admission.why.replace('_', ' ')}: ${oneLine(admission.reason)}`]);
  return rows;
}

/** A task with all that is known of it, for a person. */
export function taskWords(task: Task, output: Output): string {
  const { dim, bold } = output.colour;
  const { activity, completion, landing, lifecycle } = task;
  const rows: [string, string][] = [
    ['id', task.id],
    ['state', stateWords(task)],
    ['lifecycle', lifecycle.state === 'ended' ? `ended: ${JSON.stringify(lifecycle.end)}` : lifecycle.state],
    ...admissionRows(task),
    ['attempt', `${task.attempt} of ${task.limits.attempts}`],
    ['activity', `${activity.state} (evidence: ${activity.evidence})`],
    ['branch', `${task.branch} → ${task.baseBranch}`],
    ['limits', limitWords(task.limits)],
    ...(task.image === null ? [] : [['image', task.image] as [string, string]]),
    ...(task.deadline === null ? [] : [['runs until', task.deadline] as [string, string]]),
    ['agent', task.agent.kind === 'command' ? task.agent.argv.map((word) => oneLine(word)).join(' ') : task.agent.kind],
  ];
  if (activity.question !== null)
    rows.push(['question', [activity.question.text, ...activity.question.options].map(oneLine).join(' | ')]);
  for (const { text, options } of task.questions) rows.push(['asks', [text, ...options].map(oneLine).join(' | ')]);
  for (const { kind, text } of task.reports) rows.push([`report (${kind.replaceAll('_', ' ')})`, oneLine(text)]);
  if (task.control.holder === 'human')
    rows.push(['keyboard', `${oneLine(task.control.who?.label ?? 'a person')} until ${task.control.until}`]);
  const last = task.resumes.at(-1);
  if (last !== undefined)
    rows.push(['agent resumed', `${task.resumes.length} × after ${last.signal ?? `exit ${last.code}`}`]);
  if (task.typed !== null) rows.push(['a person typed', oneLine(task.typed.text)]);
  if (completion.state === 'signalled')
    rows.push(['signal', `${completion.signal.commit} ${oneLine(completion.signal.summary ?? '')}`]);
  if (completion.state === 'signalled' && completion.signal.resultBytes > 0)
    rows.push(['result', resultWords(completion.signal)]);
  if (completion.state === 'refused')
    rows.push(['refused', `${oneLine(completion.reason)} ${completion.files.map(oneLine).join(', ')}`]);
  if (landing.state === 'conflicted')
    rows.push(['conflict', landing.files.map((file) => oneLine(file.path)).join(', ')]);
  if (lifecycle.state === 'closed')
    rows.push(
      ['archive', lifecycle.archiveRefs.join(', ')],
      ...lifecycle.kept.map((folder): [string, string] => ['kept', folder]),
    );
  if (task.attention !== null) rows.push(['attention', oneLine(task.attention)]);
  const prompts = task.prompts.map(({ ordinal, state, bytes, held }) => [
    `prompt ${ordinal}`,
    `${held ? 'held' : state}, ${bytes} bytes`,
  ]);
  return `${bold(printable(task.name))}\n${table(
    [...rows, ...prompts].map(([key = '', value = '']) => [dim(key), value]),
    null,
  )}`;
}
