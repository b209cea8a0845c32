import type { LauncherState, SandboxProfile } from '@roundhouse/contracts';

/** What launchers say of themselves. A word counts for `LAUNCHER_TIMES.ttlMs` by Redis time, whatever any host's clock says. */
export interface Launchers {
  report(state: LauncherState): Promise<void>;
  /** Those whose word still counts, by host. */
  list(): Promise<LauncherState[]>;
}

/** What tasks ask of a sandbox, before their attempt is known. */
export type WantedProfile = Pick<SandboxProfile, 'projectId' | 'image' | 'limits'>;

/** The profiles that tasks asked for lately. A hint for whoever prepares ahead: what is lost of it costs time, not work. */
export interface RecentProfiles {
  touch(profile: WantedProfile, nowMs: number): Promise<void>;
  /** The last asked for first; none that nobody asked for within a day. */
  recent(nowMs: number, limit: number): Promise<WantedProfile[]>;
}
