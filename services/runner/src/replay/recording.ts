import { z } from 'zod';

const Milliseconds = z.number().min(0);

/** What a terminal gave and got, as it was recorded: bytes in base64 and keys, each with its instant since the start. */
export const Recording = z.object({
  v: z.literal(1),
  name: z.string(),
  cmd: z.array(z.string()).min(1),
  cols: z.int().min(2).max(1_000),
  rows: z.int().min(2).max(1_000),
  chunks: z.array(z.tuple([Milliseconds, z.base64()])),
  /** With "auto": what the terminal answered by itself, else what was typed. */
  input: z.array(z.tuple([Milliseconds, z.string()]).rest(z.unknown())).default([]),
  marks: z.array(z.object({ t: Milliseconds, name: z.string() })).default([]),
});
export type Recording = z.infer<typeof Recording>;

/** The kind of agent that was recorded: by its program, else by the name of the recording. Null: none that is known. */
export function kindOfRecording<K extends string>({ cmd, name }: Recording, kinds: readonly K[]): K | null {
  const programs = cmd.map((word) => word.split('/').at(-1)?.toLowerCase() ?? '');
  const byProgram = kinds.find((kind) => programs.slice(0, 3).some((program) => program.split(/[.-]/)[0] === kind));
  return byProgram ?? kinds.find((kind) => name.toLowerCase().startsWith(kind)) ?? null;
}
