import { randomUUID } from 'node:crypto';
import { access, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiClient, Task } from '@roundhouse/contracts';
import {
  type EmbeddedService,
  type ScratchRepository,
  eventually,
  scratchRepository,
  startEmbeddedService,
} from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noEngine } from '../e2e/containers/engine.ts';
import { type TaggedImage, docker, tagImage } from './tagged-image.ts';

const why = await noEngine();
if (why !== null) process.stderr.write(`skipped, git in containers: ${why}\n`);

let repository: ScratchRepository;
let service: EmbeddedService;
let image: TaggedImage;
/** Where what a sandbox plants would leave its mark if anybody outside of it ran it. */
let outside: string;
let coordinator: ApiClient;

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Everything by which a repository can have a program run for it, set to leave a mark wherever it runs. */
const poison = (mark: string): string => `set -e
printf '#!/bin/sh\\necho ran >>/tmp/ran-inside\\nmkdir -p ${mark} && echo ran >>${mark}/$(basename "$0")\\n' >/tmp/evil
chmod +x /tmp/evil
cp /tmp/evil /sandbox/evil
git config core.fsmonitor /sandbox/evil
git config core.sshCommand /sandbox/evil
git config core.pager /sandbox/evil
git config core.editor /sandbox/evil
git config credential.helper /sandbox/evil
git config diff.external /sandbox/evil
git config uploadpack.packObjectsHook /sandbox/evil
git config remote.origin.uploadpack /sandbox/evil
git config remote.origin.receivepack /sandbox/evil
git config filter.evil.clean /sandbox/evil
git config filter.evil.smudge /sandbox/evil
git config filter.evil.process /sandbox/evil
git config merge.evil.driver /sandbox/evil
git config alias.status '!/sandbox/evil'
hooks=$(git rev-parse --git-path hooks)
mkdir -p "$hooks" /sandbox/hooks
git config core.hooksPath /sandbox/hooks
for hook in pre-commit post-commit pre-push post-checkout post-index-change pre-auto-gc reference-transaction pre-receive update post-receive; do
  cp /tmp/evil "$hooks/$hook"
  cp /tmp/evil "/sandbox/hooks/$hook"
done
`;

describe.skipIf(why !== null)('a repository that a sandbox has poisoned', () => {
  beforeAll(async () => {
    outside = await mkdtemp('/tmp/rh-outside-');
    repository = await scratchRepository();
    // The default image is there once the service is.
    service = await startEmbeddedService({ repository: repository.path, args: ['--sandbox', 'docker'] });
    image = await tagImage('roundhouse-sandbox:0.1.0');
    coordinator = service.coordinator();
  }, 240_000);
  afterAll(async () => {
    await service?.stop();
    await repository?.remove();
    await image?.remove();
    await rm(outside, { recursive: true, force: true });
  });

  const run = async (prompt: string): Promise<string> => {
    const agent = { kind: 'scripted' } as const;
    return (await coordinator.call('createTask', { name: 'a task', prompt, agent, image: image.name })).id;
  };
  const once = (id: string, what: string, isSo: (task: Task) => boolean): Promise<Task> =>
    eventually(what, 60_000, async () => {
      const task = await coordinator.call('getTask', { id });
      return isSo(task) ? task : undefined;
    });
  const hub = (): string => join(service.data, 'coordinator', 'hubs', `${service.addresses.project.id}.git`);

  it('DS-19: an image without Node, with git alone, is enough', async () => {
    const id = await run('@run sh -c "! command -v node"\n@write from-container.txt x\n@commit A\n@done A.');
    await once(id, 'it has signalled', ({ completion }) => completion.state === 'signalled');
    await coordinator.call('mergeTask', { id });
    const landed = await once(id, 'it has landed', ({ landing }) => landing.state === 'landed');
    expect(landed.attempt).toBe(1);
    await coordinator.call('closeTask', { id });
  });

  it('DS-20: runs nothing outside of it: not in the hub, not at a landing, not when its work is archived', async () => {
    const mark = join(outside, randomUUID());
    const id = await run(
      [
        '@write poison.sh <<END',
        poison(mark),
        'END',
        '@run sh poison.sh',
        '@run rm poison.sh',
        '@write .gitattributes * filter=evil diff=evil merge=evil',
        `@write .gitmodules <<END`,
        '[submodule "x"]',
        '\tpath = x',
        `\turl = ext::/sandbox/evil`,
        'END',
        '@write work.txt work',
        '@try git add -A',
        '@try git -c core.hooksPath=/dev/null commit -qm poisoned',
        '@print poisoned',
      ].join('\n'),
    );
    const container = `run-${id}-1`;
    // The poison works where it belongs.
    await eventually('the poison', 60_000, () =>
      docker('exec', container, 'grep', '-q', 'ran', '/tmp/ran-inside').catch(() => undefined),
    );
    await eventually('the commit', 30_000, async () => {
      const seen = await docker('exec', container, 'ls', '/sandbox/worktree/.gitmodules').catch(() => undefined);
      return seen;
    });
    // Its runner is gone at once, so the launcher has the work archived, in another container.
    await docker('kill', container);
    await eventually('the archive', 90_000, async () => {
      const refs = await repository.git('--git-dir', hub(), 'for-each-ref', `refs/archive/${id}`);
      return refs === '' ? undefined : refs;
    });
    await coordinator.call('closeTask', { id }).catch(() => undefined);
    expect(await isThere(mark)).toBe(false);
    expect(await readdir(outside)).toEqual([]);
    expect(await readFile(join(hub(), 'config'), 'utf8')).not.toContain('evil');
    expect(await isThere('/sandbox/evil')).toBe(false);
  });
});
