import { endProcessTree } from '@roundhouse/host';
import { endIsolatedTree } from './adapters/system/isolated-tree.ts';
import type { EndTree } from './ports.ts';

const TIMES = { graceMs: 2_000, killMs: 5_000 };

/**
 * How all that runs in a sandbox is ended. Where it has a process namespace of its own, that is everything in it; else
 * what carries one of its marks: a runner that was started ahead of its attempt has another mark than its agent.
 */
export function endTreeOf(run: { folder: string; isolated: boolean }, marks: readonly string[]): EndTree {
  if (run.isolated) return endIsolatedTree(TIMES);
  const [mark = '', ...others] = new Set(marks);
  return async (roots) => {
    const tree = { folder: run.folder, except: [process.pid] };
    const ended = await endProcessTree({ ...tree, mark, roots }, TIMES);
    const left = await Promise.all(others.map((other) => endProcessTree({ mark: other, except: tree.except }, TIMES)));
    return { left: [...ended.left, ...left.flatMap((more) => more.left)] };
  };
}
