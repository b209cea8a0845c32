import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CODING_AGENTS } from '@roundhouse/contracts';
import { AGENTS } from '../agents/registry.ts';
import { kindOfRecording, Recording } from './recording.ts';
import { replay } from './replay.ts';
import { type Read, scoreOf, truthOf } from './truth.ts';

const unzip = promisify(gunzip);

/**
 * Prints what is read from each recording as JSON lines, and the score of all marks to standard error. One that cannot be
 * read is told there and left out. Resolves with whether there was none of those.
 */
async function replayFiles(files: readonly string[]): Promise<boolean> {
  const rows: Read[] = [];
  let faults = 0;
  for (const file of files) {
    try {
      rows.push(...(await replayFile(file)));
    } catch (error) {
      faults += 1;
      process.stderr.write(`${file}: ${(error as Error).message}\n`);
    }
  }
  for (const state of ['idle', 'waiting_input', 'busy'] as const) {
    const { precision, recall, marks } = scoreOf(state, rows);
    process.stderr.write(`${state}: precision ${precision}, recall ${recall}, ${marks} marks\n`);
  }
  return faults === 0;
}

/** Resolves with what was so at the marks of the recording, and what was read there. */
async function replayFile(file: string): Promise<Read[]> {
  const bytes = await readFile(file);
  const recording = Recording.parse(JSON.parse(String(file.endsWith('.gz') ? await unzip(bytes) : bytes)));
  const kind = kindOfRecording(recording, CODING_AGENTS);
  if (kind === null) throw new Error(`no agent that is known was recorded (${recording.cmd[0]})`);
  const marks: { mark: string; state: Read['read'] }[] = [];
  await replay(recording, AGENTS[kind].signs, (replayed) => {
    if ('mark' in replayed) {
      marks.push(replayed);
      print({ file, t: replayed.t, mark: replayed.mark, state: replayed.state });
    } else {
      const { state, evidence, words } = replayed.reading;
      print({ file, t: replayed.t, state, evidence: words === undefined ? evidence : `${evidence}: ${words}` });
    }
  });
  return marks.flatMap(({ state }, index) => truthOf(marks, index, state));
}

const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const files = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write('usage: npm run agents:replay -- FILE…\n');
  process.exitCode = 2;
} else {
  process.exitCode = (await replayFiles(files)) ? 0 : 1;
}
