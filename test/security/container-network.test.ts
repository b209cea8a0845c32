import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import {
  type ScratchRepository,
  type EmbeddedService,
  scratchRepository,
  startEmbeddedService,
} from '@roundhouse/testkit';
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noEngine } from '../e2e/containers/engine.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, the network of containers: ${why}\n`);
// Its reaper is an image of its own, which may not be had; what is started here is stopped here.
process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true';

const REDIS_PORT = 6_379;
const DIAL_MS = 2_000;
let redis: StartedTestContainer;
let repository: ScratchRepository;
let service: EmbeddedService;

describe.skipIf(why !== null)('an agent in a container', () => {
  beforeAll(async () => {
    [redis, repository] = await Promise.all([
      new GenericContainer('redis:7-alpine')
        .withExposedPorts(REDIS_PORT)
        .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/))
        .start(),
      scratchRepository(),
    ]);
    service = await startEmbeddedService({ repository: repository.path, args: ['--sandbox', 'docker'] });
  }, 240_000);
  afterAll(async () => {
    await service?.stop();
    await repository?.remove();
    await redis?.stop();
  });

  it('DS-23: reaches no Redis that runs beside it, wherever that listens', async () => {
    const places = [
      `${redis.getIpAddress('bridge')} ${REDIS_PORT}`,
      ...hostAddresses().map((address) => `${address} ${redis.getMappedPort(REDIS_PORT)}`),
    ];
    for (const place of places) expect(await dial(place), `${place} from outside`).toBe(true);
    const client = service.coordinator();
    const { id } = await client.call('createTask', {
      name: 'dial',
      prompt: 'Dial.',
      agent: {
        kind: 'command',
        argv: [
          'bash',
          '-c',
          'for place; do set -- $place; timeout 3 bash -c "exec 3<>/dev/tcp/$1/$2" 2>/dev/null && echo "reached $1"; done; echo tried $#',
          'dial',
          ...places,
        ],
        promptVia: 'file',
      },
    });
    const answer = await client.call('waitForIdle', { id, timeoutMs: 55_000 });
    expect(answer).toMatchObject({ outcome: 'ended', task: { lifecycle: { end: { kind: 'exited', code: 0 } } } });
    const { text } = await client.call('readOutput', { id });
    expect(text).toContain('tried');
    expect(text).not.toContain('reached');
    await client.call('closeTask', { id });
  });
});

const hostAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flat()
    .flatMap((entry) => (entry === undefined || entry.family !== 'IPv4' ? [] : [entry.address]));

function dial(place: string): Promise<boolean> {
  const [host = '', port = ''] = place.split(' ');
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: DIAL_MS });
    const answer = (reached: boolean) => (): void => {
      socket.destroy();
      resolve(reached);
    };
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false));
  });
}
