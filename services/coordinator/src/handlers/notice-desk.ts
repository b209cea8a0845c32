import type { Notice } from '@roundhouse/contracts';
import type { EventFeed, FeedEvent } from '../ports/events.ts';

/** What a waiter is given: a notice for itself alone, news for everybody, or that nothing can come any more. */
export type Handed =
  | { readonly kind: 'claimed'; readonly notice: Notice; readonly redelivered: boolean; readonly remaining: number }
  | {
      readonly kind: 'heard';
      readonly outcome: 'landed' | 'ended';
      readonly notice: Notice;
      readonly remaining: number;
    }
  | { readonly kind: 'nothing_live' };

export interface Waiter {
  /** Aborted when the client has gone away. */
  readonly signal: AbortSignal;
  readonly onUndelivered: (undo: () => Promise<void>) => void;
}

/** How the desk takes notices and reads news; each is asked once for all who wait. */
export interface DeskWork {
  /** Takes the next notice for this waiter. A number: there is none, and so many tasks are not settled; null: the waiter has gone. */
  claim(coordinatorId: string, waiter: Waiter): Promise<Handed | number | null>;
  /** The first of these events that everybody is to hear of; null: there is none. */
  news(coordinatorId: string, events: readonly FeedEvent[]): Promise<{ at: number; handed: Handed } | null>;
}

/** The place of a waiter that is to be given something by whoever reserved it, and by nobody else meanwhile. */
export interface ReservedPlace {
  readonly waiter: Waiter;
  give(handed: Handed): void;
  /** Must be called, whatever came of it. Where nothing was given the waiter waits on, or is told that its time is up. */
  release(): void;
}

export interface NoticeDesk {
  /** The place of the first one in line who has looked and found nothing; null where nobody stands so. */
  reserve(coordinatorId: string): ReservedPlace | null;
  /** Resolves with what there is for this waiter, or with null when the time is up or the waiter has gone. */
  wait(coordinatorId: string, waiter: Waiter, timeoutMs: number): Promise<Handed | null>;
}

interface Place {
  readonly waiter: Waiter;
  /** How many events had come when it sat down: it hears of those that come after. */
  readonly from: number;
  /** What was there when it sat down has been looked at. Before that its time is not up, however short. */
  looked: boolean;
  over: boolean;
  /** Something may be on its way to it. */
  reserved: boolean;
  settle(handed: Handed | null): void;
  fail(error: Error): void;
}

/**
 * Where the waits of this process stand, in the order in which they came. An event costs one look however many wait: each of
 * a thousand waiters looking for itself would read a thousand times what only one of them can get.
 */
export function createNoticeDesk(feed: EventFeed, work: DeskWork): NoticeDesk {
  const rows = new Map<string, Row>();
  return {
    reserve: (coordinatorId) => rows.get(coordinatorId)?.reserve() ?? null,
    async wait(coordinatorId, waiter, timeoutMs) {
      const row = rows.get(coordinatorId) ?? openRow(feed, work, coordinatorId);
      rows.set(coordinatorId, row);
      try {
        return await row.sit(waiter, timeoutMs);
      } finally {
        if (row.isEmpty() && rows.get(coordinatorId) === row) {
          rows.delete(coordinatorId);
          row.close();
        }
      }
    },
  };
}

interface Row {
  sit(waiter: Waiter, timeoutMs: number): Promise<Handed | null>;
  reserve(): ReservedPlace | null;
  isEmpty(): boolean;
  close(): void;
}

function openRow(feed: EventFeed, { claim, news }: DeskWork, coordinatorId: string): Row {
  const places = new Set<Place>();
  let events: FeedEvent[] = [];
  let heard = 0;
  let stirred = false;
  let serving = false;
  let served: Place | null = null;

  const look = async (): Promise<void> => {
    // Who sits down meanwhile is not answered from what was read before.
    const present = [...places];
    const [batch, first] = [events, heard];
    events = [];
    heard += batch.length;
    let remaining: number | null = null;
    for (const place of present) {
      if (!places.has(place) || place.reserved) continue;
      // Nobody gives up while being served: what was taken for a waiter is given to it, or given back.
      served = place;
      const found = await claim(coordinatorId, place.waiter);
      served = null;
      if (typeof found === 'number') {
        remaining = found;
        break;
      }
      place.settle(found);
    }
    const waiting = present.filter((place) => places.has(place));
    const told = batch.length === 0 || waiting.length === 0 ? null : await news(coordinatorId, batch);
    for (const place of waiting) {
      if (!places.has(place) || place.reserved) continue;
      place.looked = true;
      if (told !== null && place.from <= first + told.at) place.settle(told.handed);
      else if (remaining === 0) place.settle({ kind: 'nothing_live' });
      else if (place.over) place.settle(null);
    }
  };

  const serve = async (): Promise<void> => {
    if (serving) return;
    serving = true;
    try {
      while (stirred && places.size > 0) {
        stirred = false;
        await look();
      }
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      for (const place of places) place.fail(failure);
    } finally {
      serving = false;
    }
  };

  const stir = (event: FeedEvent | null): void => {
    if (event !== null) events.push(event);
    stirred = true;
    void serve();
  };
  const unsubscribe = feed.onCoordinator(coordinatorId, stir);

  const reserve = (): ReservedPlace | null => {
    const free = (place: Place): boolean => place.looked && !place.over && !place.reserved && place !== served;
    const place = [...places].find(free);
    if (place === undefined) return null;
    place.reserved = true;
    return {
      waiter: place.waiter,
      give: (handed) => place.settle(handed),
      release: () => {
        place.reserved = false;
        if (!places.has(place)) return;
        if (place.over) place.settle(null);
        // What it would have been told meanwhile it looks for.
        else stir(null);
      },
    };
  };

  return {
    reserve,
    isEmpty: () => places.size === 0,
    close: unsubscribe,
    sit: (waiter, timeoutMs) =>
      new Promise((resolve, reject) => {
        const giveUp = (): void => {
          place.over = true;
          if (place !== served && !place.reserved && (place.looked || waiter.signal.aborted)) place.settle(null);
        };
        const timer = setTimeout(giveUp, timeoutMs);
        const leave = (): void => {
          places.delete(place);
          clearTimeout(timer);
          waiter.signal.removeEventListener('abort', giveUp);
        };
        const place: Place = {
          waiter,
          from: heard + events.length,
          looked: false,
          over: waiter.signal.aborted,
          reserved: false,
          settle: (handed) => {
            leave();
            resolve(handed);
          },
          fail: (error) => {
            leave();
            reject(error);
          },
        };
        waiter.signal.addEventListener('abort', giveUp);
        places.add(place);
        stir(null);
      }),
  };
}
