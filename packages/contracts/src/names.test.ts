import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { TaskName, branchNameFault, slugOf } from './names.ts';

const NAMES = [
  'main', 'feature/x', 'FETCH_HEAD', 'HEAD', '@', '@{-1}', 'a@{b', 'a@b', '-x', '--upload-pack=x', 'a/-x', '', '/', '/a', 'a/', 'a//b',
  '.a', 'a/.b', 'a.lock', 'a.lock/b', 'a..b', 'a.', 'a b', 'a~b', 'a^b', 'a:b', 'a?b', 'a*b', 'a[b', 'a\\b', 'a\tb', 'a\u007fb', 'ünïcode',
  'é', '日本', 'a{b', '{', 'a]b', 'refs/heads/x', 'x'.repeat(180), "a'b", 'a"b', 'a$b', 'a;b', 'a|b', 'a#b', '#', '+a', 'a,b', 'head', 'a.b', 'ORIG_HEAD',
]; // prettier-ignore

describe('branch names', () => {
  it('GH-3: the verdict is that of git check-ref-format --branch', () => {
    for (const name of NAMES) {
      const git = spawnSync('git', ['check-ref-format', '--branch', name], { cwd: '/' }).status === 0;
      expect([name, branchNameFault(name) === null]).toEqual([name, git]);
    }
  });
});

describe('task names', () => {
  it('ID-7: control characters are stripped before the length is counted', () => {
    expect(TaskName.parse('a\u001b[31mb\u0000\u202e c\n')).toBe('a[31mb c');
    expect(TaskName.safeParse('\u0000 \u0007').success).toBe(false);
    expect(TaskName.safeParse('x'.repeat(200)).success).toBe(true);
    expect(TaskName.safeParse('x'.repeat(201)).success).toBe(false);
    expect(TaskName.parse(`${'x'.repeat(200)}\u0007`)).toHaveLength(200);
  });

  it('GH-3: a slug is always a part of a branch name', () => {
    for (const name of ['Fix the Bug!', '日本語', '../../etc', '-rf', 'x'.repeat(300), '.lock']) {
      expect([name, branchNameFault(`task/${slugOf(name)}-00000000`)]).toEqual([name, null]);
    }
  });
});
