import { randomUUID } from 'node:crypto';
import { chmod, mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scratchRepository, temporaryFolder } from '@roundhouse/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestHub, testHub } from '../../testing/hub.ts';

let hub: TestHub;
beforeEach(async () => {
  hub = await testHub({ 'a.txt': 'one\ntwo\nthree\n', 'b.txt': 'b\n' });
});
afterEach(() => hub.stop());

const land = (commit: string, target = 'main') => hub.hubs.land(hub.projectId, { commit, target, message: 'Merge it' });
const inHub = (...args: string[]) => hub.repository.git('--git-dir', hub.gitDir, ...args);

describe('landing in the hub', () => {
  it('LD-1: the branch gets a merge of exactly the commit, in the name of its author', async () => {
    const before = await inHub('rev-parse', 'main');
    const commit = await hub.branchCommit('work', { 'a.txt': 'one\nTWO\nthree\n' });
    const result = await land(commit);
    expect(result).toMatchObject({ kind: 'landed', nothingToLand: false });
    const tip = await inHub('rev-parse', 'main');
    expect(await inHub('log', '-1', '--format=%P|%an|%cn|%s', 'main')).toBe(`${before} ${commit}|Test|Test|Merge it`);
    expect(result).toMatchObject({ landedAs: tip });
    expect(await inHub('show', 'main:a.txt')).toBe('one\nTWO\nthree');
  });

  it('LD-2: a conflict names every file and leaves the branch as it is', async () => {
    const ours = await hub.branchCommit('ours', {
      'a.txt': 'one\nOURS\nthree\n',
      'b.txt': 'ours\n',
      'only-ours.txt': 'x',
    });
    const theirs = await hub.branchCommit('theirs', { 'a.txt': 'one\nTHEIRS\nthree\n', 'b.txt': null });
    await land(ours);
    const before = await inHub('rev-parse', 'main');
    expect(await land(theirs)).toEqual({
      kind: 'conflicted',
      onto: before,
      files: [
        { path: 'a.txt', kind: 'contents' },
        { path: 'b.txt', kind: 'modify/delete' },
      ],
    });
    expect(await inHub('rev-parse', 'main')).toBe(before);
  });

  it('LD-3: stray, changed and staged files in a checkout are neither in the way nor touched', async () => {
    const commit = await hub.branchCommit('work', { 'a.txt': 'changed\n' });
    await hub.repository.write({ 'a.txt': 'dirt\n', 'stray.txt': 'stray\n' });
    await hub.repository.git('add', 'stray.txt');
    const before = await hub.repository.git('status', '--porcelain');
    expect(await land(commit)).toMatchObject({ kind: 'landed' });
    expect(await hub.repository.git('status', '--porcelain')).toBe(before);
    expect(await inHub('show', 'main:a.txt')).toBe('changed');
  });

  it('LD-4: a landing that is repeated, also after a crash before its record, is one landing', async () => {
    const commit = await hub.branchCommit('work', { 'a.txt': 'changed\n' });
    const first = await land(commit);
    expect(await land(commit)).toEqual(first);
    expect(await inHub('rev-list', '--count', '--merges', 'main')).toBe('1');
    const base = await hub.repository.git('rev-parse', 'main');
    expect(await land(base)).toMatchObject({ kind: 'landed', nothingToLand: true });
  });

  it('LD-5: eight landings at once, and another writer beside: none is lost or doubled', async () => {
    const commits = [];
    for (let index = 0; index < 8; index += 1)
      commits.push(await hub.branchCommit(`work${index}`, { [`new${index}.txt`]: 'x' }));
    const outside = await hub.branchCommit('outside', { 'outside.txt': 'x' });
    const push = hub.repository.git('push', '--quiet', 'hub', `${outside}:refs/heads/main`).catch(() => 'was too late');
    const results = await Promise.all(commits.map((commit) => land(commit)));
    await push;
    expect(results.map(({ kind }) => kind)).toEqual(commits.map(() => 'landed'));
    const files = (await inHub('ls-tree', '--name-only', 'main')).split('\n');
    for (let index = 0; index < 8; index += 1) expect(files).toContain(`new${index}.txt`);
    expect(await inHub('rev-list', '--count', '--merges', '--first-parent', 'main')).toBe('8');
  });

  it('LD-6: a lock that a crash left is removed, a fresh one is not', async () => {
    const commit = await hub.branchCommit('work', { 'a.txt': 'changed\n' });
    const lock = join(hub.gitDir, 'refs/heads/main.lock');
    await writeFile(lock, '');
    await expect(land(commit)).rejects.toMatchObject({ name: 'GitFailure' });
    await utimes(lock, new Date(0), new Date(0));
    expect(await land(commit)).toMatchObject({ kind: 'landed' });
  });

  it('LD-2: a target that is gone is told, and histories without a common commit merge', async () => {
    const commit = await hub.branchCommit('work', { 'a.txt': 'changed\n' });
    expect(await land(commit, 'nowhere')).toMatchObject({ kind: 'failed' });
    await hub.repository.git('checkout', '--quiet', '--orphan', 'island');
    await hub.repository.git('rm', '-rfq', '.');
    const island = await hub.repository.commit('an island', { 'island.txt': 'x' });
    await hub.repository.git('push', '--quiet', 'hub', 'island:refs/heads/task/island');
    expect(await land(island)).toMatchObject({ kind: 'landed' });
  });
});

describe('archives and diffs', () => {
  it('TL-9: a branch is kept under its archive ref before it goes, and twice is the same', async () => {
    const taskId = randomUUID();
    const commit = await hub.branchCommit('work', { 'a.txt': 'changed\n' });
    const refs = [`refs/archive/${taskId}/branch`];
    expect(await hub.hubs.archiveTask(hub.projectId, taskId, 'task/work')).toEqual(refs);
    expect(await hub.hubs.archiveTask(hub.projectId, taskId, 'task/work')).toEqual(refs);
    expect(await hub.hubs.ref(hub.projectId, `refs/archive/${taskId}/branch`)).toBe(commit);
    expect(await hub.hubs.branch(hub.projectId, 'task/work')).toBeNull();
  });

  it('GH-6: the pages of a diff join to the whole, with renames and binary files listed', async () => {
    const long = Array.from({ length: 3_000 }, (_, line) => `line ${line} äöü\n`).join('');
    const commit = await hub.branchCommit('work', {
      'long.txt': long,
      'a.txt': null,
      'c.txt': 'one\ntwo\nthree\n',
      'bin.dat': '\0\u0001\0',
    });
    const base = await hub.repository.git('rev-parse', 'main');
    const { signal } = new AbortController();
    const texts: string[] = [];
    let offset: number | null = 0;
    while (offset !== null) {
      const page = await hub.hubs.diff(hub.projectId, base, commit, offset, signal);
      expect(Buffer.byteLength(page.text)).toBeLessThanOrEqual(10_000);
      expect(page.files).toContainEqual({ path: 'bin.dat', added: null, removed: null });
      expect(page.files).toContainEqual({ path: 'c.txt', added: 0, removed: 0 });
      texts.push(page.text);
      offset = page.nextOffset;
    }
    expect(texts.join('').trimEnd()).toBe(await inHub('diff', '--find-renames', base, commit));
  });
});

describe('making a hub', () => {
  it('GH-4: hooks, fsmonitor and filters of the source and of the user do not run', async () => {
    const commit = await hub.branchCommit('work', { 'a.txt': 'changed\n' });
    const proof = join(hub.folder.path, 'it-ran');
    const script = join(hub.folder.path, 'evil.sh');
    await writeFile(script, `#!/bin/sh\ntouch ${proof}\n`);
    await chmod(script, 0o755);
    for (const setting of [
      'core.fsmonitor',
      'core.sshCommand',
      'uploadpack.packObjectsHook',
      'core.pager',
      'diff.external',
    ]) {
      await hub.repository.git('config', setting, script);
    }
    const id = randomUUID();
    await hub.hubs.create(id, hub.repository.path, null);
    await mkdir(join(hub.gitDir, 'hooks'), { recursive: true });
    for (const name of ['reference-transaction', 'update', 'post-update']) {
      await writeFile(join(hub.gitDir, 'hooks', name), `#!/bin/sh\ntouch ${proof}\n`, { mode: 0o755 });
    }
    expect(await land(commit)).toMatchObject({ kind: 'landed' });
    await expect(stat(proof)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('GH-5: what is no repository, or has no commit, is a typed error and leaves nothing behind', async () => {
    const empty = await temporaryFolder();
    const id = randomUUID();
    await expect(hub.hubs.create(id, '/nonexistent/x', null)).rejects.toMatchObject({ code: 'project_unreadable' });
    await expect(hub.hubs.create(id, 'relative', null)).rejects.toMatchObject({ code: 'project_unreadable' });
    await expect(hub.hubs.create(id, empty.path, null)).rejects.toMatchObject({ code: 'project_unreadable' });
    await hub.repository.git('init', '--quiet', empty.path);
    await expect(hub.hubs.create(id, empty.path, null)).rejects.toMatchObject({ code: 'project_empty' });
    await expect(hub.hubs.create(id, hub.repository.path, 'nowhere')).rejects.toMatchObject({
      code: 'branch_not_found',
    });
    expect(await readdir(join(hub.folder.path, 'hubs'))).toEqual([`${hub.projectId}.git`]);
    await empty.remove();
  });

  it('GH-7: a hub takes what its source has by now, but never loses a commit of its own', async () => {
    const landed = await hub.branchCommit('work', { 'a.txt': 'changed\n' });
    await hub.repository.git('branch', 'topic');
    await hub.repository.git('checkout', '--quiet', 'topic');
    const topic = await hub.repository.commit('on a topic', { 'topic.txt': 'x' });
    await hub.repository.git('checkout', '--quiet', 'main');
    const ahead = await hub.repository.commit('went on', { 'more.txt': 'x' });
    await hub.hubs.refresh(hub.projectId, hub.repository.path);
    expect(await hub.hubs.branch(hub.projectId, 'main')).toBe(ahead);
    expect(await hub.hubs.branch(hub.projectId, 'topic')).toBe(topic);
    await land(landed);
    const merged = await hub.hubs.branch(hub.projectId, 'main');
    await hub.repository.commit('went another way', { 'more.txt': 'y' });
    const second = await hub.repository.git('commit-tree', '-p', topic, '-m', 'topic goes on', `${topic}^{tree}`);
    await hub.repository.git('update-ref', 'refs/heads/topic', second);
    await hub.hubs.refresh(hub.projectId, hub.repository.path);
    expect(await hub.hubs.branch(hub.projectId, 'main')).toBe(merged);
    expect(await hub.hubs.branch(hub.projectId, 'topic')).toBe(second);
    await expect(hub.hubs.refresh(hub.projectId, '/nonexistent')).rejects.toMatchObject({ code: 'project_unreadable' });
  });

  it('GH-5: a checkout on no branch and a shallow one both become a project', async () => {
    const detached = await scratchRepository();
    await detached.git('checkout', '--quiet', '--detach');
    await detached.git('branch', '--quiet', '-D', 'main');
    const id = randomUUID();
    expect(await hub.hubs.create(id, detached.path, null)).toEqual({ defaultBranch: 'main' });
    expect(await hub.hubs.branch(id, 'main')).toBe(await detached.git('rev-parse', 'HEAD'));
    await detached.remove();
    await hub.repository.commit('second', { 'z.txt': 'z' });
    const shallow = await temporaryFolder();
    await hub.repository.git('clone', '--quiet', '--depth', '1', `file://${hub.repository.path}`, shallow.path);
    const other = randomUUID();
    expect(await hub.hubs.create(other, shallow.path, null)).toEqual({ defaultBranch: 'main' });
    await shallow.remove();
  });
});

describe('where a branch is', () => {
  it('TL-13: it is the same read off its file, out of the packed refs, and by git; what is no branch is null', async () => {
    const { hubs, projectId } = hub;
    const tip = await hub.branchCommit('deep/er', { 'a.txt': 'x\n' });
    await inHub('update-ref', 'refs/heads/stale', 'main');
    await inHub('pack-refs', '--all');
    await inHub('update-ref', 'refs/heads/stale', tip);
    const names = ['main', 'task/deep/er', 'stale', 'task', 'task/deep', 'main/below', 'nothing'];
    const asked = await Promise.all(names.map((name) => hubs.branch(projectId, name)));
    expect(asked).toEqual(await Promise.all(names.map((name) => hubs.ref(projectId, `refs/heads/${name}`))));
    expect(asked).toEqual([await inHub('rev-parse', 'main'), tip, tip, null, null, null, null]);
    await inHub('update-ref', 'refs/heads/main', tip);
    expect(await hubs.branch(projectId, 'main')).toBe(tip);
  });
});
