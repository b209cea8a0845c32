import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Sandbox } from './testing/sandbox.ts';
import { describeUnless } from './testing/unless-missing.ts';

let sandbox: Sandbox;
afterEach(() => sandbox.remove());

/** Leaves nothing behind by which it could be found: no mark, no folder, no parent. */
const ESCAPEE = `env -i setsid sh -c 'cd /; trap "" TERM HUP; while :; do sleep 1; done' & echo escaped; cat`;

describe('a sandbox that is none', () => {
  it('R-33: nothing is begun, and nothing of the machine ended, where the namespace is the machine’s own', async () => {
    sandbox = await Sandbox.make();
    const runner = await sandbox.start(sandbox.attemptConfig({ isolated: true }));
    expect((await runner.exited).code).toBe(1);
    expect(runner.log).toContain('its processes are in no namespace of their own');
    expect(sandbox.coordinator.connections).toBe(0);
  });
});

const notRoot = process.getuid?.() === 0 ? null : 'namespaces are for root';
describeUnless(notRoot, 'a process namespace of its own', () => {
  it('R-33: all that runs in it is ended before the archive, whatever it did to its environment', async () => {
    sandbox = await Sandbox.make({ agent: { kind: 'command', argv: ['/bin/sh', '-c', ESCAPEE], promptVia: 'paste' } });
    const left = join(sandbox.root, 'left');
    const init = join(sandbox.root, 'init.sh');
    await writeFile(init, `"$@"; code=$?; cat /proc/[0-9]*/comm > ${left}; exit $code\n`);
    const before = ['unshare', '--pid', '--fork', '--mount-proc', '/bin/sh', init];
    const runner = await sandbox.start(sandbox.attemptConfig({ isolated: true }), before);
    await sandbox.coordinator.until('escaped', () => sandbox.coordinator.text.includes('escaped'));
    await writeFile(join(sandbox.worktree, 'late.txt'), 'late');
    sandbox.stop();
    expect((await runner.exited).code).toBe(0);
    expect(await readFile(left, 'utf8')).toBe('sh\n');
    expect(await sandbox.archived('late.txt')).toBe('late');
    expect(runner.log).not.toContain('could not be ended');
  });
});
