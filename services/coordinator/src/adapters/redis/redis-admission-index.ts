import { AgentKind, Coordinator } from '@roundhouse/contracts';
import type { ChainableCommander, Redis } from 'ioredis';
import type { Head } from '../../domain/admission/next-to-admit.ts';
import type { Standing } from '../../domain/admission/standing.ts';
import type { AdmissionIndex, HouseState } from '../../ports/admission.ts';
import { answersOf } from './answers.ts';
import { KEYS, lineName, parseLineName } from './keys.ts';
import { parseBreakers } from './stored-breaker.ts';

const KINDS = AgentKind.options;

/** What is asked for everybody, first in each transaction; `readHouse` takes the answers. */
const askHouse = (redis: Redis): ChainableCommander => redis.multi().time().scard(KEYS.places).hgetall(KEYS.breakers);
const HOUSE_ANSWERS = 3;

function readHouse(answers: readonly unknown[]): HouseState {
  const [time, running, breakers] = answers as [[string, string], number, Record<string, string>];
  const nowMs = Number(time[0]) * 1_000 + Math.floor(Number(time[1]) / 1_000);
  return { running, nowMs, breakers: parseBreakers(breakers) };
}

const askStanding = (commands: ChainableCommander, id: string): ChainableCommander =>
  commands
    .hget(KEYS.coordinators, id)
    .scard(KEYS.placesOf(id))
    .zcard(KEYS.live(id))
    .hmget(KEYS.usage(id), 'spentMs', 'sinceSumMs');
const STANDING_ANSWERS = 4;

function readStanding(answers: readonly unknown[], nowMs: number): Standing {
  const [text, running, live, [spent, sinceSum]] = answers as [
    string | null,
    number,
    number,
    [string | null, string | null],
  ];
  const coordinator = text === null ? null : Coordinator.parse(JSON.parse(text));
  return {
    paused: (coordinator?.paused ?? null) !== null,
    maxRunning: coordinator?.maxRunning ?? null,
    budget: coordinator?.budget ?? { tasks: null, wallClockSeconds: null },
    running,
    spentMs: Math.max(0, Number(spent ?? 0) + live * nowMs - Number(sinceSum ?? 0)),
  };
}

export function createRedisAdmissionIndex(redis: Redis): AdmissionIndex {
  const linesOf = async (coordinatorId: string | null): Promise<Map<string, AgentKind[]>> => {
    if (coordinatorId !== null) return new Map([[coordinatorId, [...KINDS]]]);
    const lines = new Map<string, AgentKind[]>();
    for (const name of await redis.smembers(KEYS.lines)) {
      const line = parseLineName(name);
      // A kind of agent that this version does not know is another version's to start.
      const kind = AgentKind.safeParse(line?.kind).data;
      if (line !== null && kind !== undefined)
        lines.set(line.coordinatorId, [...(lines.get(line.coordinatorId) ?? []), kind]);
    }
    return lines;
  };

  return {
    async waiting(coordinatorId) {
      const lines = [...(await linesOf(coordinatorId))];
      const commands = askHouse(redis);
      for (const [id, kinds] of lines) {
        askStanding(commands, id);
        for (const kind of kinds) commands.zrange(KEYS.line(id, kind), '0', '0', 'WITHSCORES');
      }
      const answers = await answersOf(commands);
      const house = readHouse(answers.splice(0, HOUSE_ANSWERS));
      const coordinators = lines.map(([id, kinds]) => {
        const standing = readStanding(answers.splice(0, STANDING_ANSWERS), house.nowMs);
        const firsts = answers.splice(0, kinds.length) as (readonly string[])[];
        const heads = kinds.flatMap((kind, index): Head[] => {
          const [taskId, turn] = firsts[index] ?? [];
          return taskId === undefined ? [] : [{ taskId, kind, turn: Number(turn) }];
        });
        return { id, standing, heads };
      });
      return { ...house, coordinators: coordinators.filter(({ heads }) => heads.length > 0) };
    },

    async standings(coordinatorIds) {
      const ids = [...new Set(coordinatorIds)];
      const commands = askHouse(redis);
      for (const id of ids) askStanding(commands, id);
      const answers = await answersOf(commands);
      const house = readHouse(answers.splice(0, HOUSE_ANSWERS));
      const rows = ids.map((id) => [id, readStanding(answers.splice(0, STANDING_ANSWERS), house.nowMs)] as const);
      return { ...house, standings: new Map(rows) };
    },

    async counts(coordinatorId) {
      const commands = redis
        .multi()
        .zcard(KEYS.coordinatorTasks(coordinatorId))
        .scard(KEYS.unsettled(coordinatorId))
        .hmget(KEYS.usage(coordinatorId), 'held:dependencies', 'held:failed_dependency');
      for (const kind of KINDS) commands.zcard(KEYS.line(coordinatorId, kind));
      const [created, remaining, held, ...inLine] = (await answersOf(commands)) as [
        number,
        number,
        [string | null, string | null],
        ...number[],
      ];
      return {
        created,
        remaining,
        dependencies: Number(held[0] ?? 0),
        failedDependency: Number(held[1] ?? 0),
        inLine: new Map(KINDS.map((kind, index) => [kind, inLine[index] ?? 0])),
      };
    },

    async dependants(taskId) {
      // ";" follows ":" in ASCII: all members that begin with the id and a colon.
      const edges = await redis.zrangebylex(KEYS.edges, `[${taskId}:`, `(${taskId};`);
      return edges.map((edge) => edge.slice(taskId.length + 1));
    },

    graph: async (coordinatorId) => Number((await redis.hget(KEYS.usage(coordinatorId), 'graph')) ?? 0),
  };
}

/** The names of all lines that a coordinator's tasks may stand in. */
export const ownLines = (coordinatorId: string): string[] => KINDS.map((kind) => lineName(coordinatorId, kind));
