import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_LIMITS } from '@roundhouse/contracts';
import { containerSpec } from '../../services/launcher/dist/adapters/docker/container-spec.js';
import { Engine } from '../../services/launcher/dist/adapters/docker/engine.js';
import { quantile, round } from '../statistics.mjs';

const IMAGE = 'roundhouse-sandbox:0.1.0';
const SOCKET = '/var/run/docker.sock';

/**
 * What a container with the very same walls costs that does nothing: to create it, and to start it.
 *
 * @param {number} runs
 * @returns {Promise<{ createMs: number, startMs: number }>} medians
 */
export async function containerFloor(runs) {
  const engine = new Engine(SOCKET);
  const box = await mkdtemp(join(tmpdir(), 'roundhouse-floor-'));
  await chown(box, 1_000, 1_000);
  const create = [];
  const start = [];
  try {
    const spec = containerSpec({
      image: IMAGE,
      imageFacts: { environment: [], volumes: [] },
      labels: {},
      mark: 'bench',
      argv: [],
      user: { uid: 1_000, gid: 1_000 },
      limits: DEFAULT_LIMITS,
      engineCpus: await engine.cpus(),
      box,
      seesMounts: false,
      isDiskHeld: true,
      readOnly: [],
      environment: {},
    });
    for (let index = 0; index < runs; index += 1) {
      const name = `roundhouse-bench-${process.pid}-${index}`;
      const options = { ...spec, Entrypoint: ['/bin/sleep'], Cmd: ['60'] };
      const from = performance.now();
      const made = await engine.create(name, options);
      if (typeof made === 'string') throw new Error(`the container of the floor could not be made: ${made}`);
      const created = performance.now();
      try {
        await engine.start(made.id);
        create.push(created - from);
        start.push(performance.now() - created);
        await engine.kill(made.id, 'SIGKILL');
      } finally {
        await engine.remove(made.id);
      }
    }
  } finally {
    await rm(box, { recursive: true, force: true });
  }
  return { createMs: round(quantile(create, 0.5)), startMs: round(quantile(start, 0.5)) };
}
