import type { SlotPaths } from './slot-paths.ts';

/** Where a slot's space comes from. Order, concurrency and idempotency are those of the SlotStorage port. */
export interface Disks {
  /** Whether one can be filled no further than its size. */
  readonly areHeld: boolean;
  /** Makes `disk` with box, upper and work in it, or finishes what a crash left half made. */
  make(paths: SlotPaths, diskMb: number): Promise<void>;
  /** Makes `disk` usable again after a restart of the host. */
  reopen(paths: SlotPaths): Promise<void>;
  /** Where on the file system of a slot's box things can be set aside. */
  asideOf(paths: SlotPaths, gone: string): string;
  /** Gives the space back that what was set aside there takes; where none is limited, that is for whoever deletes `gone`. */
  giveBack(aside: string, paths: SlotPaths): Promise<void>;
  /** Waits for what nobody else waited for. */
  close(): Promise<void>;
}
