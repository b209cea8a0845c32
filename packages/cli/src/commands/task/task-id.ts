import { type ApiClient, Uuid } from '@roundhouse/contracts';
import { allOf } from '../../all-pages.ts';
import { EXIT, Failure } from '../../failure.ts';

/**
 * The id of a task that is named by its id or by the beginning of it, at least four characters.
 * @throws Failure where no task, or more than one, begins so
 */
export async function taskIdOf(client: ApiClient, named: string): Promise<string> {
  if (Uuid.safeParse(named).success) return named;
  if (!/^[0-9a-f][0-9a-f-]{3,35}$/.test(named))
    throw new Failure(`${JSON.stringify(named)} is no task id`, { exitCode: EXIT.usage });
  const tasks = await allOf(client, 'listTasks', (page) => page.tasks);
  const found = tasks.map(({ id }) => id).filter((id) => id.startsWith(named));
  const [id, other] = found;
  if (id === undefined)
    throw new Failure(`no task’s id begins with ${named}`, {
      hint: 'See "roundhouse task ls".',
      exitCode: EXIT.notFound,
    });
  if (other !== undefined) throw new Failure(`more than one task’s id begins with ${named}`, { exitCode: EXIT.usage });
  return id;
}
