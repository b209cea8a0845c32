import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CODING_AGENTS } from '@roundhouse/contracts';
import { AGENTS } from '../agents/registry.ts';
import { kindOfRecording, Recording } from './recording.ts';
import { replay } from './replay.ts';
import { type Rows, rowsOf, scoreLines, type Seen, untoldOf } from './truth.ts';

const unzip = promisify(gunzip);

/**
 * Prints what is read from each recording as JSON lines, and to standard error how well it was read, at all marks and in all
 * frames. One that cannot be read is told there and left out. Resolves with whether there was none of those.
 */
async function replayFiles(files: readonly string[]): Promise<boolean> {
  const all: Rows[] = [];
  let faults = 0;
  for (const file of files) {
    try {
      all.push(await replayFile(file));
    } catch (error) {
      faults += 1;
      process.stderr.write(`${file}: ${(error as Error).message}\n`);
    }
  }
  const marks = all.flatMap((rows) => rows.marks);
  const frames = all.flatMap((rows) => rows.frames);
  for (const line of [...scoreLines(marks, 'marks'), ...scoreLines(frames, 'frames')]) say(line);
  const untold = untoldOf(frames);
  say(`frames: ${frames.length} in all, ${frames.length - untold} told, ${untold} untold`);
  return faults === 0;
}

/** Resolves with what was so at the marks and in the frames of the recording, and what was read there. */
async function replayFile(file: string): Promise<Rows> {
  const bytes = await readFile(file);
  const recording = Recording.parse(JSON.parse(String(file.endsWith('.gz') ? await unzip(bytes) : bytes)));
  const kind = kindOfRecording(recording, CODING_AGENTS);
  if (kind === null) throw new Error(`no agent that is known was recorded (${recording.cmd[0]})`);
  const seen: Seen[] = [];
  await replay(recording, AGENTS[kind].signs, (replayed) => {
    if ('reading' in replayed) {
      const { state, evidence, words } = replayed.reading;
      print({ file, t: replayed.t, state, evidence: words === undefined ? evidence : `${evidence}: ${words}` });
      return;
    }
    seen.push(replayed);
    if (replayed.type === 'mark') print({ file, t: replayed.t, mark: replayed.mark, state: replayed.state });
  });
  return rowsOf(seen);
}

const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const files = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write('usage: npm run agents:replay -- FILE…\n');
  process.exitCode = 2;
} else {
  process.exitCode = (await replayFiles(files)) ? 0 : 1;
}
