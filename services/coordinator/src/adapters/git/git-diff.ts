import { spawn } from 'node:child_process';
import { PAGE_BYTES, pageLength } from '../../domain/page.ts';
import type { DiffPage } from '../../ports/hubs.ts';
import { GitFailure, type TrustedGit } from './trusted-git.ts';

const MAX_FILES = 500;
// No helper of any configuration or attribute may run, and the text must be the same for the same two commits.
const FIXED = ['--no-ext-diff', '--no-textconv', '--no-color', '--find-renames'] as const;

/** One page of a diff, read as a stream and no further than the page. */
export async function diffPage(
  git: TrustedGit,
  gitDir: string,
  range: { base: string; commit: string },
  offset: number,
  signal: AbortSignal,
): Promise<DiffPage> {
  const { base, commit } = range;
  const [data, stat] = await Promise.all([
    readSlice(git.environment(gitDir), ['diff', ...FIXED, base, commit, '--'], offset, PAGE_BYTES + 1, signal),
    git.run(gitDir, ['diff', ...FIXED, '--numstat', '-z', base, commit, '--']),
  ]);
  const length = pageLength(data);
  const files = parseNumstat(stat);
  return {
    text: data.subarray(0, length).toString('utf8'),
    nextOffset: length < data.length ? offset + length : null,
    files: files.slice(0, MAX_FILES),
    filesTotal: files.length,
  };
}

/** `git diff --numstat -z`: `added TAB removed TAB path NUL`, or for a rename an empty path, then old NUL new NUL. */
export function parseNumstat(output: string): DiffPage['files'] {
  const fields = output.split('\0');
  const files: DiffPage['files'] = [];
  for (let index = 0; index < fields.length; index += 1) {
    const [added, removed, path] = (fields[index] ?? '').split('\t');
    if (added === undefined || removed === undefined || path === undefined) continue;
    const name = path === '' ? fields[index + 2] : path;
    if (path === '') index += 2;
    const count = (text: string): number | null => (text === '-' ? null : Number(text));
    files.push({ path: name ?? '', added: count(added), removed: count(removed) });
  }
  return files;
}

function readSlice(
  env: Record<string, string>,
  args: readonly string[],
  offset: number,
  length: number,
  signal: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { env, stdio: ['ignore', 'pipe', 'pipe'], signal });
    const chunks: Buffer[] = [];
    let seen = 0;
    let words = '';
    const slice = (): Buffer => Buffer.concat(chunks).subarray(0, length);
    child.stdout.on('data', (chunk: Buffer) => {
      const from = Math.max(0, offset - seen);
      seen += chunk.length;
      if (from < chunk.length) chunks.push(chunk.subarray(from));
      if (seen >= offset + length) {
        resolve(slice());
        child.kill();
      }
    });
    child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(0, 4_000)));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(slice()) : reject(new GitFailure(code ?? -1, words))));
  });
}
