import { ImageName } from '@roundhouse/contracts';
import { InvalidArgumentError, type Command, Option } from 'commander';

/** The image that containers run when nothing else is said; built here where it is missing. */
export const DEFAULT_IMAGE = 'roundhouse-sandbox:0.1.0';

/** What agents are isolated by, and how many sandboxes run ahead of their attempt. */
export interface SandboxChoice {
  readonly kind: 'process' | 'docker';
  /** The image of containers where neither task nor project names one. */
  readonly image: string;
  /** What containers may reach of the world, as the relay takes it; null: nothing at all. */
  readonly egress: string | null;
  readonly warm: WarmRange;
}

export interface WarmRange {
  readonly min: number;
  readonly max: number;
}

export interface SandboxOptions {
  readonly sandbox?: SandboxChoice['kind'];
  readonly image?: string;
  readonly egress?: string;
  readonly warm?: WarmRange;
}

/** Adds the options that every command has that starts a service. */
export const withSandboxOptions = (command: Command, kindWords: string): Command =>
  command
    .addOption(new Option('--sandbox <kind>', kindWords).choices(['process', 'docker']))
    .option(
      '--image <name>',
      `the containers’ image, with glibc and git (default: ${DEFAULT_IMAGE}, built if missing)`,
      image,
    )
    .option(
      '--egress <hosts>',
      'what containers may reach: host, *.host, host:port, comma-separated (default: nothing)',
    )
    .option('--warm <min:max>', 'how many sandboxes run ahead of their task, at least and at most', warmRange);

/** The choice that the options make, over a default kind. */
export const sandboxChoice = (options: SandboxOptions, kind: SandboxChoice['kind']): SandboxChoice => ({
  kind: options.sandbox ?? kind,
  image: options.image ?? DEFAULT_IMAGE,
  egress: options.egress ?? null,
  warm: options.warm ?? { min: 0, max: 0 },
});

export function warmRange(text: string): WarmRange {
  const [, from = '', to = ''] = /^(\d{1,3}):(\d{1,3})$/.exec(text) ?? [];
  const range = { min: Number(from), max: Number(to) };
  if (from === '' || range.min > range.max) throw new InvalidArgumentError('It must be MIN:MAX, such as 2:8.');
  return range;
}

function image(text: string): string {
  if (!ImageName.safeParse(text).success) throw new InvalidArgumentError('It is not the name of a container image.');
  return text;
}
