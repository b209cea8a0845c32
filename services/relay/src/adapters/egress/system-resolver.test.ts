import { describe, expect, it } from 'vitest';
import { createResolver } from './system-resolver.ts';

const never = new AbortController().signal;

describe('the resolver', () => {
  it('RL-19: asks two names at a time, and a name whose asker has gone is never asked', async () => {
    const asked: string[] = [];
    const answers = new Map<string, () => void>();
    const resolve = createResolver((name) => {
      asked.push(name);
      return new Promise((answer) => answers.set(name, () => answer([{ address: `of ${name}` }])));
    });
    const gone = new AbortController();
    const [a, b] = [resolve('a', never), resolve('b', never)];
    const c = resolve('c', gone.signal);
    const d = resolve('d', never);
    await Promise.resolve();
    expect(asked).toEqual(['a', 'b']);
    gone.abort();
    await expect(c).rejects.toThrow('aborted');
    answers.get('b')?.();
    expect(await b).toEqual(['of b']);
    expect(asked).toEqual(['a', 'b', 'd']);
    answers.get('a')?.();
    answers.get('d')?.();
    expect([await a, await d]).toEqual([['of a'], ['of d']]);
  });

  it('RL-19: who gives up a question that hangs does not make room for another one before it is answered', async () => {
    const asked: string[] = [];
    const hanging = new Map<string, (error: Error) => void>();
    const resolve = createResolver((name) => {
      asked.push(name);
      return new Promise((_, reject) => hanging.set(name, reject));
    });
    const gone = new AbortController();
    const first = [resolve('a', gone.signal), resolve('b', gone.signal)];
    const settled = Promise.allSettled(first);
    gone.abort();
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const later = resolve('c', never).catch((error: Error) => error.message);
    await Promise.resolve();
    expect(asked).toEqual(['a', 'b']);
    hanging.get('a')?.(new Error('timed out'));
    await new Promise((done) => setImmediate(done));
    expect(asked).toEqual(['a', 'b', 'c']);
    hanging.get('c')?.(new Error('no such name'));
    expect(await later).toBe('no such name');
  });

  it('RL-15: the machine’s own resolver answers all addresses of a name', async () => {
    expect(await createResolver()('localhost', never)).toContain('127.0.0.1');
    await expect(createResolver()('no-such-name.invalid', never)).rejects.toThrow('ENOTFOUND');
  });
});
