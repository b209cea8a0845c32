import type { Delivery, Notice } from '@roundhouse/contracts';

type State = Delivery['state'];
export type DeliveryInput =
  | { readonly type: 'raised'; readonly notice: Notice }
  | { readonly type: 'delivered'; readonly noticeId: string; readonly at: string }
  | { readonly type: 'returned'; readonly noticeId: string }
  | { readonly type: 'acknowledged'; readonly noticeId: string; readonly at: string };

type Cell = 'pending' | 'deliver' | 'return' | 'acknowledge' | 'keep';

/**
 * The newest notice of a task on its way to one waiter. A newer one takes the place of an older one that nobody has
 * fetched: it says all that the older one said. `delivered` again is a redelivery.
 */
export const DELIVERY_CELLS: Readonly<Record<State, Readonly<Record<DeliveryInput['type'], Cell>>>> = {
  none: { raised: 'pending', delivered: 'keep', returned: 'keep', acknowledged: 'keep' },
  pending: { raised: 'pending', delivered: 'deliver', returned: 'keep', acknowledged: 'acknowledge' },
  delivered: { raised: 'pending', delivered: 'deliver', returned: 'return', acknowledged: 'acknowledge' },
  acknowledged: { raised: 'pending', delivered: 'keep', returned: 'keep', acknowledged: 'keep' },
};

export function nextDelivery(delivery: Delivery, input: DeliveryInput): Delivery {
  const cell = DELIVERY_CELLS[delivery.state][input.type];
  if (input.type === 'raised')
    return cell === 'pending' ? { state: 'pending', notice: input.notice, returned: false, heard: false } : delivery;
  if (cell === 'keep' || delivery.state === 'none' || delivery.notice.id !== input.noticeId) return delivery;
  const { notice } = delivery;
  if (delivery.state === 'acknowledged') return delivery;
  if (cell === 'return') return { state: 'pending', notice, returned: true, heard: delivery.heard };
  if (input.type === 'returned') return delivery;
  if (cell === 'acknowledge') return { state: 'acknowledged', notice, at: input.at };
  return { state: 'delivered', notice, at: input.at, heard: isHeard(delivery) };
}

/** Whether somebody may have it already: who was handed it and did not give it back, the last time or an earlier one. */
export const isHeard = ({ state, heard }: { readonly state: string; readonly heard: boolean }): boolean =>
  state === 'delivered' || heard;
