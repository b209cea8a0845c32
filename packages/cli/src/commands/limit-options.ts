import type { Limits, SomeLimits } from '@roundhouse/contracts';
import { type Command, InvalidArgumentError } from 'commander';
import { duration, durationWords } from './duration.ts';

/** What a task may use, as options say it. */
export interface LimitOptions {
  readonly image?: string;
  readonly memory?: number;
  readonly cpus?: number;
  readonly pids?: number;
  readonly disk?: number;
  readonly timeout?: number;
}

/** Adds the options of limits and image to a command. `otherwise` says what holds where one is not given. */
export const withLimits = (command: Command, otherwise: string): Command =>
  command
    .option('--image <image>', `the container image to work in; glibc and git is all it needs (default: ${otherwise})`)
    .option('--memory <MiB>', `memory of the whole sandbox (default: ${otherwise})`, whole)
    .option('--cpus <cores>', `processor time (default: ${otherwise})`, decimal)
    .option('--pids <n>', `processes and threads at once (default: ${otherwise})`, whole)
    .option('--disk <MiB>', `disk for all that is written (default: ${otherwise})`, whole)
    .option('--timeout <duration>', `how long an attempt may run, e.g. 90s, 15m, 2h (default: ${otherwise})`, duration);

/** The part of a request that those options are. Their ranges are the service's to check: its words are the better ones. */
export function limitsOf({ image, memory, cpus, pids, disk, timeout }: LimitOptions): {
  image?: string;
  limits?: SomeLimits;
} {
  const limits: SomeLimits = {
    ...(memory === undefined ? {} : { memoryMb: memory }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(pids === undefined ? {} : { pids }),
    ...(disk === undefined ? {} : { diskMb: disk }),
    ...(timeout === undefined ? {} : { wallClockSeconds: timeout }),
  };
  return { ...(image === undefined ? {} : { image }), ...(Object.keys(limits).length === 0 ? {} : { limits }) };
}

/** All of them on one line. */
export const limitWords = ({ memoryMb, cpus, pids, diskMb, wallClockSeconds }: Limits): string =>
  `${memoryMb} MiB memory, ${cpus} cpus, ${pids} pids, ${diskMb} MiB disk, ${durationWords(wallClockSeconds)}`;

function whole(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function decimal(text: string): number {
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text)) throw new InvalidArgumentError('It must be a number, such as 2 or 0.5.');
  return Number(text);
}
