import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const TreeFile = z.object({ content: z.string().min(1) });

/**
 * The name of a runner tree's content (scripts/runner-tree.mjs writes it), by which a sandbox that runs an older runner
 * is known. Throws words for a person where there is no such tree.
 */
export async function treeName(runnerTree: string): Promise<string> {
  try {
    return TreeFile.parse(JSON.parse(await readFile(join(runnerTree, 'tree.json'), 'utf8'))).content;
  } catch (error) {
    const how = `make one with "node scripts/runner-tree.mjs --out ${runnerTree}"`;
    throw new Error(`${runnerTree} is no runner tree; ${how}`, { cause: error });
  }
}
