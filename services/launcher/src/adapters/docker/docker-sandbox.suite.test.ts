import { findProcesses } from '@roundhouse/host';
import { describe } from 'vitest';
import { DockerPlace, noEngine } from '../../testing/docker-place.ts';
import { eventually } from '../../testing/eventually.ts';
import { sandboxesSuite } from '../../testing/sandboxes-suite.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, Docker sandboxes: ${why}\n`);

describe.skipIf(why !== null)('DS-1: Docker sandboxes keep what the port promises', { timeout: 60_000 }, () => {
  describe.each([
    { name: 'each used once', recycles: false },
    { name: 'used again', recycles: true },
  ])('$name', ({ recycles }) => {
    sandboxesSuite(
      async () => {
        const place = await DockerPlace.make();
        return {
          open: async () => {
            // What the one before wrote behind its last answer: two launchers do not run at once.
            const isWritten = (): boolean => place.handles().every(({ subject }) => subject['phase'] !== 'assigning');
            await eventually(isWritten, 'no hand-over is under way');
            const sandboxes = await place.open({ recycle: recycles });
            await sandboxes.recover();
            return sandboxes;
          },
          boxOf: (ref) => place.boxOf(ref),
          processesOf: async (ref) => (await place.processesOf(ref)).length,
          processesOfWarm: async (warmId) => (await findProcesses({ mark: `warm-${warmId}` })).length,
          clean: () => place.clean(),
        };
      },
      { recycles },
    );
  });
});
