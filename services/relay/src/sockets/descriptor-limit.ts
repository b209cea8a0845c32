import { readFile } from 'node:fs/promises';

/** What is counted on where the system does not say it as Linux does. */
const ELSEWHERE = 4_096;

/** How many descriptors this process may have open. Node has raised the soft limit to the hard one at its start. */
export async function descriptorLimit(limitsFile = '/proc/self/limits'): Promise<number> {
  const text = await readFile(limitsFile, 'utf8').catch(() => '');
  const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(text) ?? [];
  if (soft === 'unlimited') return Number.MAX_SAFE_INTEGER;
  return soft === undefined ? ELSEWHERE : Number(soft);
}
