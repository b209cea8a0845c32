import { randomBytes } from 'node:crypto';
import { succeed } from '../e2e/containers/run-program.ts';

/** It has git; Node is taken out of it. */
const BASE = 'node:22-bookworm';
const MS = 120_000;

export interface ImageWithoutNode {
  readonly name: string;
  remove(): Promise<void>;
}

export const docker = (...args: readonly string[]): Promise<string> => succeed('docker', args, { ms: MS });

/** An image with glibc and git and no Node, made of one that is there: nothing is pulled. */
export async function imageWithoutNode(): Promise<ImageWithoutNode> {
  const tag = randomBytes(6).toString('hex');
  const [name, container] = [`rh-without-node:${tag}`, `rh-without-node-${tag}`];
  const script = 'rm -f "$(command -v node)" && git --version';
  try {
    await docker('run', '--name', container, '--network', 'none', '--entrypoint', 'sh', BASE, '-c', script);
    await docker('commit', '--change', 'ENTRYPOINT []', '--change', 'CMD ["sh"]', container, name);
  } finally {
    await docker('rm', '--force', container);
  }
  return { name, remove: async () => void (await docker('image', 'rm', '--force', name)) };
}
