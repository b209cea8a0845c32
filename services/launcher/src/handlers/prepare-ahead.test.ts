import { randomUUID } from 'node:crypto';
import type { SandboxProfile } from '@roundhouse/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PROFILE } from '../testing/coordinator-double.ts';
import { RememberingLog } from '../testing/remembering-log.ts';
import { SwitchableSandboxes } from '../testing/switchable-sandboxes.ts';
import { PrepareAhead } from './prepare-ahead.ts';

/** Sandboxes whose preparing can be watched, held up and failed. */
class Preparing extends SwitchableSandboxes {
  readonly heads: (string | null)[] = [];
  most = 0;
  #now = 0;
  act: (signal: AbortSignal) => Promise<void> = () => Promise.resolve();

  override async prepare(profile: SandboxProfile, signal: AbortSignal): Promise<void> {
    this.heads.push(profile.headCommit);
    this.most = Math.max(this.most, (this.#now += 1));
    await this.act(signal).finally(() => (this.#now -= 1));
  }
}

const head = (letter: string): string => letter.repeat(40);
const profile = (letter: string): SandboxProfile => ({ ...PROFILE, projectId: randomUUID(), headCommit: head(letter) });

let sandboxes: Preparing;
let log: RememberingLog;
let stopping: AbortController;
let ahead: PrepareAhead;

beforeEach(() => {
  const urls = { coordinatorUrl: 'http://127.0.0.1:1', mcpUrl: 'http://127.0.0.1:1/mcp' };
  sandboxes = new Preparing({ root: '/nowhere', ...urls, runner: { main: '/nowhere', environment: {} } });
  log = new RememberingLog();
  stopping = new AbortController();
  ahead = new PrepareAhead({ sandboxes, log, signal: stopping.signal });
});
afterEach(async () => {
  stopping.abort();
  await ahead.settled();
});

describe('preparing ahead', () => {
  it('L-16: does each profile once, in order, one at a time, and again when its head has moved', async () => {
    const [one, two] = [profile('a'), profile('b')];
    sandboxes.act = () => new Promise((resolve) => setTimeout(resolve, 5));
    ahead.want([one, two]);
    ahead.want([one, two]);
    await ahead.settled();
    ahead.want([one, two]);
    await ahead.settled();
    expect(sandboxes.heads).toEqual([head('a'), head('b')]);
    ahead.want([two, { ...one, headCommit: head('c') }]);
    await ahead.settled();
    expect(sandboxes.heads.slice(2)).toEqual([head('c')]);
    expect(sandboxes.most).toBe(1);
  });

  it('L-16: one that fails holds no other up, is said once and is not tried again at once', async () => {
    const [one, two] = [profile('a'), profile('b')];
    sandboxes.act = () => Promise.reject(new Error('no such commit'));
    ahead.want([one, two]);
    await ahead.settled();
    ahead.want([one, two]);
    await ahead.settled();
    expect(sandboxes.heads).toEqual([head('a'), head('b')]);
    expect(log.count('could not be prepared')).toBe(2);
  });

  it('L-16: does nothing while sandboxes are away, and stops at once', async () => {
    sandboxes.switchTo(false);
    ahead.want([profile('a')]);
    await ahead.settled();
    expect(sandboxes.heads).toEqual([]);
    sandboxes.switchTo(true);
    sandboxes.act = (signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    ahead.want([profile('a'), profile('b')]);
    stopping.abort(new Error('the launcher is stopping'));
    await ahead.settled();
    expect(sandboxes.heads).toEqual([head('a')]);
    expect(log.count('could not be prepared')).toBe(0);
  });
});
