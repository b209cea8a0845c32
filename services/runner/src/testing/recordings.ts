import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { CODING_AGENTS, type CodingAgent } from '@roundhouse/contracts';
import { TerminalModel } from '../adapters/pty/terminal-model.ts';
import type { Screen } from '../domain/screen.ts';
import { kindOfRecording, Recording } from '../replay/recording.ts';
import { VirtualTime } from '../replay/virtual-time.ts';

const FOLDER = fileURLToPath(new URL('../agents/fixtures/', import.meta.url));
const unzip = promisify(gunzip);

export interface Fixture {
  readonly file: string;
  readonly kind: CodingAgent;
  readonly recording: Recording;
}

/** All recordings that lie beside the adapters. */
export async function fixtures(): Promise<Fixture[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith('.json.gz')).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const recording = Recording.parse(JSON.parse(String(await unzip(await readFile(`${FOLDER}${file}`)))));
      const kind = kindOfRecording(recording, CODING_AGENTS);
      if (kind === null) throw new Error(`${file} is of no agent`);
      return { file, kind, recording };
    }),
  );
}

/** What the terminal shows at each mark. */
export async function screensOf(recording: Recording): Promise<{ mark: string; screen: Screen }[]> {
  const nothing = (): void => undefined;
  const listener = { onStatus: nothing, onTitle: nothing, onReply: nothing, onSettled: nothing, onPressure: nothing };
  const terminal = new TerminalModel(recording, new VirtualTime(), listener);
  const screens: { mark: string; screen: Screen }[] = [];
  let next = 0;
  for (const mark of recording.marks) {
    for (; (recording.chunks[next]?.[0] ?? Infinity) <= mark.t; next += 1) {
      terminal.write(Buffer.from(recording.chunks[next]?.[1] ?? '', 'base64'));
    }
    await terminal.settled();
    screens.push({ mark: mark.name, screen: terminal.view });
  }
  terminal.close();
  return screens;
}
