import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CODING_AGENTS } from '@roundhouse/contracts';
import { AGENTS } from '../agents/registry.ts';
import { kindOfRecording, Recording } from './recording.ts';
import { replay } from './replay.ts';
import { type Read, scoreOf, truthOf } from './truth.ts';

const unzip = promisify(gunzip);

/** Prints what is read from each recording as JSON lines, and the score of its marks to standard error. */
async function replayFiles(files: readonly string[]): Promise<void> {
  const rows: Read[] = [];
  for (const file of files) {
    const bytes = await readFile(file);
    const recording = Recording.parse(JSON.parse(String(file.endsWith('.gz') ? await unzip(bytes) : bytes)));
    const kind = kindOfRecording(recording, CODING_AGENTS);
    if (kind === null) throw new Error(`${file}: no agent that is known was recorded (${recording.cmd[0]})`);
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
    rows.push(...marks.flatMap(({ state }, index) => truthOf(marks, index, state)));
  }
  for (const state of ['idle', 'waiting_input', 'busy'] as const) {
    const { precision, recall, marks } = scoreOf(state, rows);
    process.stderr.write(`${state}: precision ${precision}, recall ${recall}, ${marks} marks\n`);
  }
}

const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

const files = process.argv.slice(2);
if (files.length === 0) {
  process.stderr.write('usage: npm run agents:replay -- FILE…\n');
  process.exitCode = 2;
} else {
  await replayFiles(files).catch((error: Error) => {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  });
}
