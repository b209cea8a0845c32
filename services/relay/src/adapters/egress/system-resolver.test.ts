import { describe, expect, it } from 'vitest';
import { createResolver } from './system-resolver.ts';

const never = new AbortController().signal;
const settled = (): Promise<void> => new Promise((done) => setImmediate(done));

describe('the resolver', () => {
  it('RL-19: asks two names at a time, and a name whose asker has gone is never asked', async () => {
    const asked: string[] = [];
    const answers = new Map<string, () => void>();
    const resolver = createResolver((name) => {
      asked.push(name);
      return new Promise((answer) => answers.set(name, () => answer([{ address: `of ${name}` }])));
    });
    const gone = new AbortController();
    const [a, b] = [resolver()('a', never), resolver()('b', never)];
    const c = resolver()('c', gone.signal);
    const d = resolver()('d', never);
    await settled();
    expect(asked).toEqual(['a', 'b']);
    gone.abort();
    await expect(c).rejects.toThrow('aborted');
    answers.get('b')?.();
    expect(await b).toEqual(['of b']);
    await settled();
    expect(asked).toEqual(['a', 'b', 'd']);
    answers.get('a')?.();
    answers.get('d')?.();
    expect([await a, await d]).toEqual([['of a'], ['of d']]);
  });

  it('RL-19: who gives up a question that hangs does not make room for another one before it is answered', async () => {
    const asked: string[] = [];
    const hanging = new Map<string, (error: Error) => void>();
    const resolver = createResolver((name) => {
      asked.push(name);
      return new Promise((_, reject) => hanging.set(name, reject));
    });
    const gone = new AbortController();
    const first = [resolver()('a', gone.signal), resolver()('b', gone.signal)];
    const ends = Promise.allSettled(first);
    await settled();
    gone.abort();
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const later = resolver()('c', never).catch((error: Error) => error.message);
    await settled();
    expect(asked).toEqual(['a', 'b']);
    hanging.get('a')?.(new Error('timed out'));
    await settled();
    expect(asked).toEqual(['a', 'b', 'c']);
    hanging.get('c')?.(new Error('no such name'));
    expect(await later).toBe('no such name');
  });

  it('RL-19: a sandbox that asks for slow names is answered one at a time, others in between', async () => {
    const asked: string[] = [];
    const resolver = createResolver((name) => {
      asked.push(name);
      return name.startsWith('slow') ? new Promise(() => undefined) : Promise.resolve([{ address: `of ${name}` }]);
    });
    const [greedy, other] = [resolver(), resolver()];
    const gone = new AbortController();
    const slow = Array.from({ length: 9 }, (_, index) => greedy(`slow-${index}`, gone.signal));
    const ends = Promise.allSettled(slow);
    expect(await Promise.all(['a', 'b', 'c'].map((name) => other(name, never)))).toEqual([
      ['of a'],
      ['of b'],
      ['of c'],
    ]);
    gone.abort();
    await ends;
    // The one that hangs still does; nobody has taken its turn.
    const later = greedy('d', AbortSignal.timeout(100)).catch((error: Error) => error.name);
    expect(await later).toBe('TimeoutError');
    expect(asked.filter((name) => name.startsWith('slow') || name === 'd')).toEqual(['slow-0']);
  });

  it('RL-15: the machine’s own resolver answers all addresses of a name', async () => {
    expect(await createResolver()()('localhost', never)).toContain('127.0.0.1');
    await expect(createResolver()()('no-such-name.invalid', never)).rejects.toThrow('ENOTFOUND');
  });
});
