import type { LauncherState } from '@roundhouse/contracts';

/** Why queued tasks wait, in one sentence; null while a launcher is ready for them. */
export function whyQueued(launchers: readonly LauncherState[]): string | null {
  if (launchers.some(({ ready }) => ready)) return null;
  if (launchers.length === 0) return 'waits: no launcher is running';
  const reason = launchers.find((launcher) => launcher.reason !== null)?.reason ?? 'no launcher is ready';
  return `waits: ${reason}`;
}
