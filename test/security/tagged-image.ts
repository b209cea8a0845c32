import { randomBytes } from 'node:crypto';
import { succeed } from '../e2e/containers/run-program.ts';

const MS = 60_000;

export const docker = (...args: readonly string[]): Promise<string> => succeed('docker', args, { ms: MS });

export interface TaggedImage {
  readonly name: string;
  remove(): Promise<void>;
}

/** Another name for an image: one that the service does not know, with nothing pulled. */
export async function tagImage(image: string): Promise<TaggedImage> {
  const name = `rh-image-of-a-user:${randomBytes(6).toString('hex')}`;
  await docker('tag', image, name);
  return { name, remove: async () => void (await docker('image', 'rm', name)) };
}
