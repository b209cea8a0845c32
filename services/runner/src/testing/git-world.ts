import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestCoordinator } from './coordinator.ts';
import { git } from './git-http.ts';

const TOKEN = 'a-token';

/** A project's source, its hub over HTTP, and a place for a worktree. */
export class GitWorld {
  readonly root: string;
  readonly coordinator: TestCoordinator;
  baseCommit = '';

  private constructor(root: string, coordinator: TestCoordinator) {
    this.root = root;
    this.coordinator = coordinator;
  }

  static async make(): Promise<GitWorld> {
    const root = await mkdtemp(join(tmpdir(), 'rh-git-'));
    const world = new GitWorld(root, await TestCoordinator.start(root));
    world.coordinator.tokens.add(TOKEN);
    await world.seed(async (source) => {
      await writeFile(join(source, 'a.txt'), 'a\n');
      await writeFile(join(source, '.gitignore'), '*.log\n');
      await writeFile(join(source, 'kept.log'), 'tracked although ignored\n');
    });
    return world;
  }

  get source(): string {
    return join(this.root, 'source');
  }

  get bare(): string {
    return this.coordinator.hub('p');
  }

  get hubObjects(): string {
    return join(this.bare, 'objects');
  }

  get hub(): { url: string; token: string } {
    return { url: `${this.coordinator.url}/git/p.git`, token: TOKEN };
  }

  get worktree(): string {
    return join(this.root, 'sandbox/worktree');
  }

  /** What lets git of a test read the hub. */
  get access(): readonly [string, string] {
    return ['-c', `http.extraHeader=Authorization: Bearer ${TOKEN}`];
  }

  /** Makes source and hub anew. */
  async seed(build: (source: string) => Promise<void>, ...init: string[]): Promise<void> {
    await rm(this.source, { recursive: true, force: true });
    await rm(this.bare, { recursive: true, force: true });
    await mkdir(this.source);
    await git(this.source, 'init', '--initial-branch=main', ...init);
    await build(this.source);
    await git(this.source, 'add', '--all', '--force');
    await git(this.source, 'commit', '--message', 'first');
    await this.publishSource();
  }

  /** One more commit on main, in the hub too. */
  async commit(build: (source: string) => Promise<void>, message: string): Promise<void> {
    await build(this.source);
    await git(this.source, 'add', '--all');
    await git(this.source, 'commit', '--allow-empty', '--message', message);
    await git(this.source, 'push', this.bare, 'main');
    this.baseCommit = await git(this.source, 'rev-parse', 'HEAD');
  }

  /** The hub as a clone of the source. */
  async publishSource(...options: string[]): Promise<void> {
    this.baseCommit = await git(this.source, 'rev-parse', 'HEAD');
    await rm(this.bare, { recursive: true, force: true });
    await git(this.root, 'clone', '--bare', ...options, `file://${this.source}`, this.bare);
    await git(this.bare, 'config', 'http.receivepack', 'true');
  }

  async remove(): Promise<void> {
    await this.coordinator.stop();
    await rm(this.root, { recursive: true, force: true });
  }
}
