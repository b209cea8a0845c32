import type { Command } from 'commander';
import type { Context } from '../../context.ts';
import { EXIT, Failure } from '../../failure.ts';
import { oneLine } from '../../output.ts';
import { type AdmissionOptions, dependenciesOf, withDependencies } from './admission-options.ts';
import { openTask, taskCommandOf, type TaskOptions } from './task-options.ts';

/** `roundhouse task merge|close|depend`: what changes a task. */
export function writeCommands(context: Context): Command[] {
  const { output } = context;
  const merge = taskCommandOf('merge', context)
    .summary('land its signalled commit; exit code 3 where it conflicts')
    .option('--message <text>', 'the message of the merge commit')
    .option('--reviewed <commit>', 'land only if this is the commit that it signalled')
    .action(async (named: string, options: TaskOptions & { message?: string; reviewed?: string }) => {
      const { client, id } = await openTask(context, named, options);
      const input = { id, ...(options.message === undefined ? {} : { message: options.message }) };
      const land = () =>
        options.reviewed === undefined
          ? client.call('mergeTask', input)
          : client.call('reviewMerge', { ...input, reviewedCommit: options.reviewed });
      let answer = await land();
      // "landing" says that it is under way; each answer comes after at most 55 s, and a landing itself has a bound.
      while (answer.outcome === 'landing') answer = await land();
      if (options.json) output.json(answer);
      if (answer.outcome === 'landed' || answer.outcome === 'nothing_to_land') {
        const { landing } = answer;
        if (!options.json)
          output.line(
            landing.state === 'landed' && !landing.nothingToLand
              ? `landed on ${landing.target} as ${landing.landedAs}`
              : 'nothing to land',
          );
        return;
      }
      const files =
        answer.landing.state === 'conflicted' ? answer.landing.files.map(({ path }) => oneLine(path)).join(', ') : '';
      const exitCode = answer.outcome === 'conflicted' ? EXIT.conflict : EXIT.failed;
      throw new Failure(
        answer.outcome === 'conflicted' ? `it conflicts in ${files}` : `the landing ${answer.outcome}`,
        { hint: oneLine(answer.next), exitCode },
      );
    });

  const close = taskCommandOf('close', context)
    .summary('stop its agent, keep its work under an archive ref, free the rest')
    .action(async (named: string, options: TaskOptions) => {
      const { client, id } = await openTask(context, named, options);
      let answer = await client.call('closeTask', { id });
      // "closing" is asked again: each answer comes after at most 55 s, and Ctrl-C ends the asking, not the closing.
      while (answer.outcome === 'closing') answer = await client.call('closeTask', { id });
      if (options.json) return output.json(answer);
      output.line(`closed; kept as ${answer.archiveRefs.join(', ') || 'nothing: it had changed nothing'}`);
      for (const folder of answer.kept) output.note(`could not be archived and is still there: ${folder}`);
    });

  const depend = withDependencies(taskCommandOf('depend', context))
    .summary('say what a task that is held waits for; without --depends-on it waits for nothing')
    .action(async (named: string, options: TaskOptions & AdmissionOptions) => {
      const { client, id } = await openTask(context, named, options);
      const { onDependencyFailure } = options;
      const task = await client.call('setDependencies', {
        id,
        dependsOn: await dependenciesOf(client, options.dependsOn ?? []),
        ...(onDependencyFailure === undefined ? {} : { onDependencyFailure }),
      });
      if (options.json) output.json(task);
      else output.line(task.admission.state === 'held' ? `held: ${oneLine(task.admission.reason)}` : 'it may start');
    });
  return [merge, close, depend];
}
