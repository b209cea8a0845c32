import { describe, expect, it } from 'vitest';
import { SandboxesAwayError } from '../../ports.ts';
import { EngineRefusal, callEngine } from './engine-call.ts';

const call = (act: () => Promise<unknown>, timeoutMs = 1_000, signal?: AbortSignal): Promise<unknown> =>
  callEngine('do it', act, { socketPath: '/the.sock', timeoutMs, signal });
const fails = (error: object) => async (): Promise<never> => {
  throw Object.assign(new Error('vendor'), error);
};

describe('a call of the engine', () => {
  it('DS-11: that is not answered in time, or by nobody, or by an engine that goes down, says that it is away', async () => {
    await expect(call(() => new Promise(() => undefined), 30)).rejects.toThrow('/the.sock did not do it within 30 ms');
    for (const error of [
      { code: 'ENOENT' },
      { code: 'ECONNREFUSED' },
      { code: 'ECONNRESET' },
      { statusCode: 503, json: { message: 'busy' } },
      { statusCode: 500, json: { message: 'dial unix /run/containerd.sock: connect: connection refused' } },
    ]) {
      await expect(call(fails(error))).rejects.toBeInstanceOf(SandboxesAwayError);
    }
  });

  it('DS-11: that is answered says what, for a person', async () => {
    const refusal = await call(fails({ statusCode: 500, json: { message: 'no space left on device' } })).catch(
      (error: unknown) => error,
    );
    expect(refusal).toBeInstanceOf(EngineRefusal);
    expect(refusal).toMatchObject({ status: 500, message: 'no space left on device' });
  });

  it('ends with the caller’s reason when the caller gives up, also before it began', async () => {
    const controller = new AbortController();
    const pending = call(() => new Promise(() => undefined), 5_000, controller.signal);
    controller.abort(new Error('enough'));
    await expect(pending).rejects.toThrow('enough');
    await expect(call(() => Promise.resolve(1), 1_000, controller.signal)).rejects.toThrow('enough');
    await expect(call(() => Promise.resolve(1))).resolves.toBe(1);
  });
});
