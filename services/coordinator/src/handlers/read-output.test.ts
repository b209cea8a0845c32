import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlayedRunner } from '../testing/played-runner.ts';
import { type StartedCoordinator, startedCoordinator } from '../testing/started-coordinator.ts';

let service: StartedCoordinator;
beforeAll(async () => {
  service = await startedCoordinator();
});
afterAll(() => service.stop());

async function printing() {
  const { client } = await service.newOwner();
  const { id } = await client.call('createTask', { name: 'prints', prompt: 'x' });
  const runner = await PlayedRunner.start(service, id);
  let offset = 0;
  const print = (text: string, skipped = 0): void => {
    const data = Buffer.from(text);
    offset += skipped;
    runner.send({ type: 'output', offset, data: data.toString('base64'), skipped });
    offset += data.length;
  };
  /** Resolves when all that was printed is recorded. */
  const recorded = async (): Promise<void> => {
    await runner.report({ type: 'agent_started', pid: 1 });
  };
  return { client, id, runner, print, recorded };
}

describe('what a terminal showed', () => {
  it('TO-3, TO-7: lines by pages, the screen alone, and what was printed, of a task that runs', async () => {
    const { client, id, runner, print, recorded } = await printing();
    expect(await client.call('readOutput', { id })).toMatchObject({
      text: '',
      nextCursor: '1.0',
      lines: 0,
      more: false,
    });
    const lines = Array.from({ length: 2_000 }, (_, line) => `\u001b[32mline ${line}\u001b[0m\r\n`);
    for (let at = 0; at < lines.length; at += 100) print(lines.slice(at, at + 100).join(''));
    print('\u001b[7mready> \u202eevil\u001b[0m');
    await recorded();
    let page = await client.call('readOutput', { id });
    let text = '';
    for (; page.more; page = await client.call('readOutput', { id, cursor: page.nextCursor })) {
      expect(page.text.length).toBeLessThanOrEqual(10_000);
      expect(page).toMatchObject({ changingLines: 0, attempt: 1, form: 'text' });
      text += page.text;
    }
    text += page.text;
    expect(text).toBe(`${lines.map((_, line) => `line ${line}\n`).join('')}ready> evil\n`);
    expect(page).toMatchObject({ lines: 2_001, nextCursor: '1.1960', changingLines: 41 });
    const screen = await client.call('readOutput', { id, form: 'screen' });
    expect(screen).toMatchObject({ firstLine: 1_961, droppedLines: 0, more: false });
    expect(screen.text.split('\n').slice(-3)).toEqual(['line 1999', 'ready> evil', '']);
    const tail = await client.call('readOutput', { id, tail: true });
    expect(text.endsWith(tail.text)).toBe(true);
    const raw = await client.call('readOutput', { id, form: 'raw', tail: true });
    expect(raw.text.endsWith('\u001b[7mready> \u202eevil\u001b[0m')).toBe(true);
    expect(raw).toMatchObject({ firstLine: null, nextCursor: expect.stringMatching(/^1\.r\d+$/) as string });
    print('\r\nmore\r\n');
    await recorded();
    const next = await client.call('readOutput', { id, cursor: page.nextCursor });
    expect(next).toMatchObject({ firstLine: 1_960, lines: 2_002 });
    expect(next.text.endsWith('ready> evil\nmore\n')).toBe(true);
    await runner.hangUp();
  });

  it('TO-7: a cursor of another form, of an attempt that never was or of nobody is refused', async () => {
    const { client, id, runner } = await printing();
    const raw = await client.call('readOutput', { id, form: 'raw' });
    for (const given of [
      { cursor: raw.nextCursor },
      { cursor: '1.0', form: 'raw' as const },
      { cursor: '2.0' },
      { cursor: 'x' },
    ])
      await expect(client.call('readOutput', { id, ...given })).rejects.toMatchObject({ code: 'cursor_invalid' });
    await runner.hangUp();
  });

  it('TO-5: bytes that nobody has are counted', async () => {
    const { client, id, runner, print, recorded } = await printing();
    print('first\r\n');
    print('last', 1_000);
    await recorded();
    expect(await client.call('readOutput', { id })).toMatchObject({ text: 'first\nlast\n', skippedBytes: 1_000 });
    await runner.hangUp();
  });

  it('TO-8: an attempt that is over is read as before', async () => {
    const { client, id, runner, print, recorded } = await printing();
    print('\u001b[?1049hfull screen\u001b[?1049lgone back');
    await recorded();
    await runner.report({ type: 'agent_exited', code: 0, signal: null });
    await runner.hangUp();
    expect(await client.call('readOutput', { id })).toMatchObject({ text: 'gone back\n', more: false });
    expect(await client.call('readOutput', { id, form: 'screen' })).toMatchObject({ text: 'gone back\n' });
  });
});
