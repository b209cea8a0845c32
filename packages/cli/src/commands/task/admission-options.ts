import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type ApiClient, type Dependency, ResultSchema } from '@roundhouse/contracts';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { EXIT, Failure } from '../../failure.ts';
import { taskIdOf } from './task-id.ts';

/** When a task may start, and what it hands on, as options say it. */
export interface AdmissionOptions {
  readonly priority?: number;
  readonly dependsOn?: readonly string[];
  readonly onDependencyFailure?: 'fail' | 'hold';
  readonly resultSchema?: string;
}

/** One more of an option that may be given more than once; the first time there is none before it. */
const collect = (task: string, others: readonly string[] | undefined): readonly string[] => [...(others ?? []), task];

export const withDependencies = (command: Command): Command =>
  command
    .option(
      '--depends-on <task>',
      'start when this task has landed, or, with ":signalled" behind it, has signalled; may be given more than once',
      collect,
    )
    .addOption(
      new Option('--on-dependency-failure <policy>', 'where one of them comes to nothing').choices(['fail', 'hold']),
    );

export const withAdmission = (command: Command): Command =>
  withDependencies(
    command.option('--priority <n>', '0 to 9: where places are few the highest starts first (default: 5)', priority),
  ).option('--result-schema <file>', 'a JSON Schema that the task’s result must match');

/** The dependencies that are named by ids, or the beginnings of them. @throws Failure where there is no such task */
export async function dependenciesOf(client: ApiClient, named: readonly string[]): Promise<Dependency[]> {
  return await Promise.all(
    named.map(async (text) => {
      const [task = '', until = 'landed', more] = text.split(':');
      if ((until !== 'landed' && until !== 'signalled') || more !== undefined)
        throw new Failure(`${JSON.stringify(text)} is neither a task nor a task with ":signalled" behind it`, {
          exitCode: EXIT.usage,
        });
      return { taskId: await taskIdOf(client, task), until };
    }),
  );
}

/** The part of a creation that those options are. */
export async function admissionOf(client: ApiClient, cwd: string, options: AdmissionOptions) {
  const { priority, dependsOn, onDependencyFailure, resultSchema } = options;
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(dependsOn === undefined ? {} : { dependsOn: await dependenciesOf(client, dependsOn) }),
    ...(onDependencyFailure === undefined ? {} : { onDependencyFailure }),
    ...(resultSchema === undefined ? {} : { resultSchema: await schemaIn(resolve(cwd, resultSchema)) }),
  };
}

async function schemaIn(file: string): Promise<ResultSchema> {
  try {
    return ResultSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    throw new Failure(`${file} does not hold a JSON Schema of at most 16 KiB`, { exitCode: EXIT.usage, cause: error });
  }
}

function priority(text: string): number {
  if (!/^\d$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 0 to 9.');
  return Number(text);
}
