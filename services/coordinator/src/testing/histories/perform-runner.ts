import { randomUUID } from 'node:crypto';
import { LEASE, type RunnerEvent, type TaskRecord } from '@roundhouse/contracts';
import { claimAttempt, reportGone } from '../../handlers/attempts.ts';
import type { Caller } from '../../handlers/deps.ts';
import { desiredStates } from '../../handlers/desired-state.ts';
import { runnerEvent } from '../../handlers/runner-event.ts';
import { landSelf, signalDone } from '../../handlers/signal-done.ts';
import { readTask, transition } from '../../handlers/transition.ts';
import { pickRunner } from './pick.ts';
import type { PlayedProcess } from './played-process.ts';
import type { Happening, Report } from './steps.ts';
import type { NumberedEvent, RunnerPart, World } from './world.ts';

type OfRunner = Happening<'claim' | 'link' | 'beat' | 'desired' | 'report' | 'signal' | 'gone'>;

const STATES = {
  link: ['starting'],
  beat: ['starting', 'running'],
  desired: ['starting', 'running', 'ended'],
  report: ['running'],
  signal: ['running'],
  gone: ['starting', 'running', 'ended'],
} as const;

/** What launchers, runners and agents say. Those of an attempt that is over say it too. */
export function performRunner(world: World, process: PlayedProcess, what: OfRunner): void {
  if (what.do === 'claim') return claim(world, process, what);
  const runner = pickRunner(world, what.runner, { stale: what.stale, states: STATES[what.do] });
  if (runner === null) return;
  const { taskId, attempt } = runner;
  const { deps } = process;
  // I1: whatever is said in the name of an attempt that is over, nothing comes of it but that its sandbox is gone.
  if (what.do !== 'gone' && world.snapshot.tasks.get(taskId)?.record.attempt !== attempt) world.mustNotChange(taskId);
  switch (what.do) {
    case 'link':
      return void world.call(process, () => transition(deps, taskId, { type: 'linked', attempt }));
    case 'beat':
      return void world.call(process, () => deps.store.renewLease(taskId, attempt, LEASE.ttlMs));
    case 'desired':
      return void world.call(process, async () => {
        const task = await readTask(deps, taskId);
        if (task.attempt === attempt) await desiredStates(deps, runner)(task);
      });
    case 'report':
      return report(world, process, runner, what);
    case 'signal': {
      const act = what.land ? landSelf : signalDone;
      return void world.call(
        process,
        async (_, client) => {
          const verified = await deps.tokens.verify(runner.subtaskToken);
          // Its tokens go with the close of its task.
          if (verified === null) return;
          const caller = subtaskCaller(runner, verified.info.id, client);
          await act(deps, caller, { id: taskId, summary: 'done' });
        },
        { bounded: false },
      );
    }
    case 'gone':
      return void world.call(process, (_, client) =>
        reportGone(deps, launcherCaller(client), {
          taskId,
          attempt,
          kept: null,
          reason: null,
          limit: what.oom ? 'oom' : null,
        }),
      );
  }
}

type Client = Pick<Caller, 'signal' | 'onUndelivered'>;

const launcherCaller = (client: Client): Caller => ({
  identity: { role: 'launcher' },
  tokenId: 'launcher',
  tokenLabel: 'a launcher',
  reach: 'any',
  coordinatorId: null,
  idempotencyKey: null,
  doneToken: null,
  ...client,
});

const subtaskCaller = (
  { taskId, attempt, coordinatorId, doneToken }: RunnerPart,
  tokenId: string,
  client: Client,
): Caller => ({
  identity: { role: 'subtask', coordinatorId, taskId, attempt },
  tokenId,
  tokenLabel: 'an agent',
  reach: 'own',
  coordinatorId,
  idempotencyKey: null,
  doneToken,
  ...client,
});

function claim(world: World, process: PlayedProcess, { job, again }: Happening<'claim'>): void {
  // A job comes again where its launcher died; another launcher then claims what is claimed already.
  const jobs = again ? [...world.around.jobs] : world.openJobs();
  const [taskId, attempt] = (jobs[job % Math.max(1, jobs.length)] ?? '').split(' ');
  if (taskId === undefined || attempt === undefined) return;
  world.call(
    process,
    (_, client) => claimAttempt(process.deps, launcherCaller(client), { taskId, attempt: Number(attempt) }),
    {
      answered: ({ assignment }) => {
        const { subtaskToken, doneToken } = assignment;
        const coordinatorId = world.snapshot.tasks.get(taskId)?.record.coordinatorId ?? world.owner(0);
        world.known.runners.push({
          taskId,
          attempt: assignment.attempt,
          coordinatorId,
          subtaskToken,
          doneToken,
          unacknowledged: [],
          last: null,
          seen: null,
          seq: 0,
        });
      },
    },
  );
}

/** A runner numbers its events, and sends all that nobody has acknowledged, in order, until it is. */
function report(
  world: World,
  process: PlayedProcess,
  runner: RunnerPart,
  { report: kind, repeat }: Happening<'report'>,
): void {
  const record = world.snapshot.tasks.get(runner.taskId)?.record;
  const event = record === undefined ? null : eventOf(world, record, kind);
  if (repeat && runner.last !== null) {
    world.mustNotChange(runner.taskId);
    const { last } = runner;
    return void world.call(process, () => send(process, runner, last));
  }
  if (event === null) return;
  runner.seq += 1;
  runner.unacknowledged.push({ seq: runner.seq, event });
  // I11: what is seen of an agent changes nothing but its activity.
  if (event.type === 'activity' && runner.unacknowledged.length === 1)
    world.mayChange(runner.taskId, ['activity', 'eventSeq']);
  world.call(
    process,
    async () => {
      for (let next = runner.unacknowledged[0]; next !== undefined; next = runner.unacknowledged[0]) {
        await send(process, runner, next);
        if (runner.unacknowledged[0] === next) runner.unacknowledged.shift();
        runner.last = next;
      }
    },
    // It is fenced: what it has to say is of no use any more.
    { refused: () => void runner.unacknowledged.splice(0) },
  );
}

/** As a link does it: upon the record that it has seen last, which may be another one by now. */
async function send(process: PlayedProcess, runner: RunnerPart, { seq, event }: NumberedEvent): Promise<void> {
  const { taskId, attempt, seen } = runner;
  const options = { eventSeq: seq, ...(seen === null ? {} : { known: seen }) };
  runner.seen = await transition(process.deps, taskId, runnerEvent(event, attempt), options);
}

const activity = (state: 'busy' | 'idle' | 'waiting_input'): RunnerEvent => ({
  type: 'activity',
  activity: {
    state,
    evidence: 'screen',
    question: state === 'waiting_input' ? { kind: 'question', text: 'which?', options: ['a'] } : null,
    at: new Date().toISOString(),
  },
});

/** What a runner would say of this task; null where it has nothing of the kind to say. */
function eventOf(world: World, { prompts, publish }: TaskRecord, kind: Report): RunnerEvent | null {
  const next = prompts.find(({ state }) => state === 'queued' || state === 'written');
  switch (kind) {
    case 'busy':
    case 'idle':
      return activity(kind);
    case 'question':
      return activity('waiting_input');
    case 'take':
      if (next === undefined) return null;
      return {
        type: 'prompt',
        promptId: next.id,
        state: next.state === 'queued' && next.ordinal > 1 ? 'written' : 'accepted',
      };
    case 'refuse':
      return next === undefined
        ? null
        : { type: 'prompt', promptId: next.id, state: 'undelivered', screen: 'a screen' };
    case 'publish':
    case 'dirty': {
      const publishId = publish?.id ?? randomUUID();
      world.known.commits += 1;
      const commit = world.known.commits.toString(16).padStart(40, '0');
      return { type: 'published', publishId, commit, dirty: kind === 'dirty' ? ['x'] : [], untracked: [] };
    }
    case 'publish_failed':
      return publish === null ? null : { type: 'publish_failed', publishId: publish.id, reason: 'no way' };
    case 'exit':
      return { type: 'agent_exited', code: 0, signal: null };
    case 'fail':
      return { type: 'attempt_failed', reason: 'no such program' };
    case 'quota':
      return { type: 'quota_hit', until: null, reason: 'spent' };
    case 'disk':
      return { type: 'limit_hit', limit: 'disk', reason: 'full' };
  }
}
