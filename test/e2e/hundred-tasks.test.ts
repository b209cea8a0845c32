import { scratchRepository, startEmbeddedService } from '@roundhouse/testkit';
import { expect, it } from 'vitest';

const TASKS = 100;

it('TL-6: a hundred tasks created at once on one repository all start, in a worktree and on a branch of their own', async () => {
  const repository = await scratchRepository();
  const service = await startEmbeddedService({ repository: repository.path });
  try {
    const client = service.coordinator();
    const created = await Promise.all(
      Array.from({ length: TASKS }, (_, index) =>
        client.call('createTask', {
          name: `task ${index}`,
          prompt: `Number ${index}.`,
          // A shell command that proves its worktree and branch, and ends: a hundred of them fit on a small machine.
          agent: {
            kind: 'command',
            argv: ['sh', '-c', 'git rev-parse --abbrev-ref HEAD; pwd; cat "$ROUNDHOUSE_PROMPT_FILE"'],
            promptVia: 'file',
          },
        }),
      ),
    );
    expect(new Set(created.map(({ id }) => id)).size).toBe(TASKS);

    const ended = new Map<string, unknown>();
    let cursor: string | undefined;
    while (ended.size < TASKS) {
      const answer = await client.call('waitSignal', {
        timeoutMs: 50_000,
        ...(cursor === undefined ? {} : { cursor }),
      });
      expect(answer.outcome).toBe('ended');
      cursor = answer.cursor;
      if (answer.notice !== null) ended.set(answer.notice.taskId, answer.notice.end);
    }
    const worktrees = new Set<string>();
    for (const [index, task] of created.entries()) {
      expect(ended.get(task.id)).toEqual({ kind: 'exited', code: 0, signal: null });
      const { text } = await client.call('readOutput', { id: task.id });
      const [branch, worktree, prompt] = text.trim().split('\n');
      expect([branch, prompt]).toEqual([task.branch, `Number ${index}.`]);
      worktrees.add(worktree ?? '');
    }
    expect(worktrees.size).toBe(TASKS);
    expect(await client.call('waitSignal', { timeoutMs: 50_000 })).toMatchObject({
      outcome: 'nothing_live',
      remaining: 0,
    });
    const statuses = await Promise.all(created.map(({ id }) => client.call('getTask', { id })));
    expect(statuses.map(({ attempt }) => attempt)).toEqual(created.map(() => 1));
  } finally {
    await service.stop();
    await repository.remove();
  }
}, 300_000);
