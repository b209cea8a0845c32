import fc from 'fast-check';
import type { Fault } from './faulty-connection.ts';
import { PROCESSES } from './world.ts';

/** What a runner says. `agent` alone also says something where nothing is asked of it. */
export const REPORTS = [
  'busy',
  'idle',
  'question',
  'take',
  'refuse',
  'publish',
  'dirty',
  'publish_failed',
  'exit',
  'fail',
  'quota',
  'disk',
] as const;
export type Report = (typeof REPORTS)[number];

interface OfTask {
  readonly task: number;
}
interface OfOwner {
  readonly by: number;
}
interface OfRunner {
  readonly runner: number;
  /** True: of one whose attempt is over; null: of any. */
  readonly stale: boolean | null;
}

/** Numbers choose among what there is, so that a history stays one when steps are left out. */
interface Shapes {
  readonly create: OfOwner & {
    readonly priority: number;
    /** How often it may be started. */
    readonly attempts: number;
    readonly on: readonly number[];
    readonly until: 'landed' | 'signalled';
    readonly hold: boolean;
    readonly command: boolean;
    readonly key: number | null;
  };
  readonly prompt: OfTask & { readonly key: number | null };
  readonly merge: OfTask;
  readonly close: OfTask;
  readonly human: OfTask;
  readonly hand_back: OfTask;
  readonly watch_idle: OfTask;
  readonly silence: OfTask;
  readonly depend: OfTask & { readonly on: readonly number[] };
  readonly pause: OfOwner;
  readonly resume: OfOwner;
  readonly look: OfOwner;
  readonly follow: OfOwner;
  readonly limit: OfOwner & { readonly most: number | null };
  readonly claim: { readonly job: number; readonly again: boolean };
  readonly link: OfRunner;
  readonly beat: OfRunner;
  readonly desired: OfRunner;
  readonly report: OfRunner & { readonly report: Report; readonly repeat: boolean };
  readonly signal: OfRunner & { readonly land: boolean };
  readonly gone: OfRunner & { readonly oom: boolean };
  readonly wait: OfOwner & {
    readonly open: boolean;
    readonly acknowledge: boolean;
    readonly request: number | null;
    readonly undelivered: boolean;
  };
  readonly leave: { readonly call: number };
  readonly effect: { readonly entry: number; readonly twice: boolean };
  readonly git: OfTask & { readonly outcome: 'conflicted' | 'failed' | 'throws' };
  readonly next: OfTask & { readonly roll: number };
  readonly reap: object;
  readonly time: { readonly ms: number };
  readonly clock: { readonly ms: number };
}
type Name = keyof Shapes;

/** One thing that happens. */
export type Happening<N extends Name = Name> = { [K in N]: { readonly do: K } & Shapes[K] }[N];

export interface Step {
  readonly what: Happening;
  /** The process that it reaches. */
  readonly at: number;
  /** What goes wrong with that process’s way to Redis from here on. */
  readonly fault: Fault | null;
  /** True: the next step does not wait for this one. */
  readonly together: boolean;
}

const any = fc.nat({ max: 40 });
const by = fc.nat({ max: 1 });
const stale = fc.boolean().chain((odd) => (odd ? fc.boolean() : fc.constant(false)));
const key = fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat({ max: 2 }) });
const on = fc.oneof(
  { weight: 4, arbitrary: fc.constant([]) },
  { weight: 1, arbitrary: fc.uniqueArray(any, { minLength: 1, maxLength: 2 }) },
);

const of = <N extends Name>(
  name: N,
  rest: { readonly [K in keyof Shapes[N]]: fc.Arbitrary<Shapes[N][K]> },
): fc.Arbitrary<Happening> =>
  fc
    .record(rest as Record<string, fc.Arbitrary<unknown>>)
    .map((given) => ({ do: name, ...given }) as unknown as Happening);

const rows: readonly [number, fc.Arbitrary<Happening>][] = [
  [
    26,
    of('create', {
      by,
      priority: fc.nat({ max: 9 }),
      attempts: fc.integer({ min: 1, max: 3 }),
      on,
      until: fc.constantFrom('landed', 'signalled'),
      hold: fc.boolean(),
      command: fc.boolean(),
      key,
    }),
  ],
  [150, of('next', { task: any, roll: fc.nat({ max: 15 }) })],
  [18, of('effect', { entry: any, twice: fc.boolean() })],
  [14, of('claim', { job: any, again: stale })],
  [14, of('link', { runner: any, stale })],
  [26, of('report', { runner: any, stale, report: fc.constantFrom(...REPORTS), repeat: stale })],
  [12, of('signal', { runner: any, stale, land: stale })],
  [8, of('report', { runner: any, stale, report: fc.constant('publish'), repeat: stale })],
  // What one run in CI must have seen, and chance alone brings too seldom.
  [18, of('report', { runner: any, stale, report: fc.constantFrom('fail', 'exit', 'quota'), repeat: stale })],
  [8, of('prompt', { task: any, key })],
  [8, of('merge', { task: any })],
  [4, of('close', { task: any })],
  [4, of('gone', { runner: any, stale, oom: stale })],
  [12, of('wait', { by, open: fc.boolean(), acknowledge: fc.boolean(), request: key, undelivered: stale })],
  [3, of('leave', { call: any })],
  [2, of('human', { task: any })],
  [2, of('hand_back', { task: any })],
  [2, of('watch_idle', { task: any })],
  [8, of('silence', { task: any })],
  [3, of('reap', {})],
  [2, of('depend', { task: any, on: fc.uniqueArray(any, { maxLength: 2 }) })],
  [1, of('pause', { by })],
  [2, of('resume', { by })],
  [2, of('look', { by })],
  [3, of('follow', { by })],
  [2, of('limit', { by, most: fc.constantFrom(null, 1, 2) })],
  [2, of('beat', { runner: any, stale })],
  [2, of('desired', { runner: any, stale })],
  [5, of('git', { task: any, outcome: fc.constantFrom('conflicted', 'failed', 'throws') })],
  [2, of('time', { ms: fc.constantFrom(130_000, 3_600_000, 90_000_000, -600_000) })],
  [2, of('clock', { ms: fc.constantFrom(-3_600_000, -5_000, 0, 5_000, 3_600_000) })],
];

const happening: fc.Arbitrary<Happening> = fc.oneof(...rows.map(([weight, arbitrary]) => ({ weight, arbitrary })));

const fault: fc.Arbitrary<Fault | null> = fc.oneof(
  { weight: 9, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('unsent', 'lost'),
      after: fc.nat({ max: 9 }),
      crash: fc.boolean(),
    }),
  },
);

export const step: fc.Arbitrary<Step> = fc.record({
  what: happening,
  at: fc.nat({ max: PROCESSES - 1 }),
  fault,
  together: fc.boolean().chain((maybe) => (maybe ? fc.boolean() : fc.constant(false))),
});
