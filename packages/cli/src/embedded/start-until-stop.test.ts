import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { findProcesses } from '@roundhouse/host';
import { type TemporaryFolder, eventually, temporaryFolder } from '@roundhouse/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readConfig } from '../config.ts';
import { dataPaths } from '../data-folder.ts';
import { openLog } from './log-output.ts';
import { sandboxChoice } from './sandbox-choice.ts';
import { startUntilStop } from './start-until-stop.ts';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

/** A start in that folder, and the wishes that it hears. */
async function begin() {
  const paths = dataPaths(join(folder.path, 'data'));
  const log = await openLog(join(folder.path, 'services.log'));
  const [stop, hurry] = [new AbortController(), new AbortController()];
  const config = { ...readConfig({ PATH: process.env['PATH'] }, false), logLevel: 'info' as const };
  const start = () =>
    startUntilStop(
      config,
      { stop: stop.signal, hurry: hurry.signal },
      {
        paths,
        port: 0,
        mcpPort: 0,
        slots: 1,
        sandbox: sandboxChoice({}, 'process'),
        output: log.fd,
        say: () => undefined,
        onGivenUp: (reason) => expect.fail(reason),
      },
    );
  return { paths, log, stop, start };
}

const left = (): Promise<unknown[]> => findProcesses({ mark: 'none', folder: folder.path, roots: [] });

it('C-16: a wish to stop gives a start up, and nothing of it is left', async () => {
  const { start, stop, log } = await begin();
  const starting = start();
  const refused = expect(starting).rejects.toThrow();
  await eventually('something that has been started', 30_000, async () => (await left()).length > 0 || undefined);
  stop.abort('Ctrl-C');
  await refused;
  await log.close();
  expect(await left()).toEqual([]);
});

it('C-16: where it came before, nothing is started at all', async () => {
  const { start, stop, log, paths } = await begin();
  stop.abort('Ctrl-C');
  await expect(start()).rejects.toBe('Ctrl-C');
  await log.close();
  await expect(stat(paths.folder)).rejects.toMatchObject({ code: 'ENOENT' });
});

it('C-16: of a service that runs it ends nothing: that is its owner’s to do, and orderly', async () => {
  const { start, stop, log } = await begin();
  const service = await start();
  stop.abort('Ctrl-C');
  expect((await fetch(`${service.api}/api/health`)).status).toBe(200);
  expect(await service.stop()).toEqual([]);
  await log.close();
  const said = await readFile(log.path ?? '', 'utf8');
  for (const name of ['coordinator', 'mcp-gateway', 'launcher']) expect(said).toContain(`${name} has stopped`);
  expect(await left()).toEqual([]);
}, 120_000);
