import type { PlanPath } from './plan-faults.ts';

interface Named {
  readonly name: string;
  readonly needs: readonly string[];
}

/** What is wrong between tasks: a name that stands twice, a need that no task has, tasks that need each other. */
export function graphFaults(tasks: readonly Named[]): { readonly path: PlanPath; readonly message: string }[] {
  const faults: { path: PlanPath; message: string }[] = [];
  const names = new Set<string>();
  for (const [index, { name }] of tasks.entries()) {
    if (names.has(name))
      faults.push({ path: ['tasks', index, 'name'], message: `the name "${name}" is taken already` });
    names.add(name);
  }
  for (const [index, { needs }] of tasks.entries()) {
    for (const [position, need] of needs.entries()) {
      if (!names.has(need)) {
        faults.push({ path: ['tasks', index, 'needs', position], message: `there is no task "${need}"` });
      }
    }
  }
  if (faults.length > 0) return faults;
  const cycle = cycleOf(tasks);
  if (cycle === null) return [];
  const index = tasks.findIndex(({ name }) => name === cycle[0]);
  return [{ path: ['tasks', index, 'needs'], message: `these need each other: ${cycle.join(' → ')}` }];
}

/** One cycle, its first name again at its end; null where there is none. Depth first without recursion. */
function cycleOf(tasks: readonly Named[]): string[] | null {
  const byName = new Map(tasks.map((task) => [task.name, task]));
  const done = new Set<string>();
  for (const { name: root } of tasks) {
    const trail: { readonly name: string; next: number }[] = [{ name: root, next: 0 }];
    for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
      const need = byName.get(top.name)?.needs[top.next];
      top.next += 1;
      if (need === undefined) {
        done.add(top.name);
        trail.pop();
      } else if (!done.has(need)) {
        const at = trail.findIndex(({ name }) => name === need);
        if (at >= 0) return [...trail.slice(at).map(({ name }) => name), need];
        trail.push({ name: need, next: 0 });
      }
    }
  }
  return null;
}
