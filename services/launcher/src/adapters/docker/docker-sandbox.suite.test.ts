import { findProcesses } from '@roundhouse/host';
import { describe } from 'vitest';
import { DockerPlace, noEngine } from '../../testing/docker-place.ts';
import { sandboxesSuite } from '../../testing/sandboxes-suite.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, Docker sandboxes: ${why}\n`);

describe.skipIf(why !== null)('DS-1: Docker sandboxes keep what the port promises', { timeout: 60_000 }, () => {
  sandboxesSuite(
    async () => {
      const place = await DockerPlace.make();
      return {
        open: async () => {
          const sandboxes = await place.open();
          await sandboxes.recover();
          return sandboxes;
        },
        boxOf: (ref) => place.boxOf(ref),
        processesOf: async (ref) => (await place.processesOf(ref)).length,
        processesOfWarm: async (warmId) => (await findProcesses({ mark: `warm-${warmId}` })).length,
        clean: () => place.clean(),
      };
    },
    { recycles: false },
  );
});
