import { randomBytes } from 'node:crypto';
import { type InputOf, type OPERATIONS, type OutputOf, RoundhouseError } from '@roundhouse/contracts';
import type { Caller, Deps } from '../deps.ts';
import { actingCoordinator } from './box.ts';

type Operation = typeof OPERATIONS.configureNotifications;

const newSecret = (): string => `whsec_${randomBytes(32).toString('base64url')}`;

export async function configureNotifications(
  deps: Deps,
  caller: Caller,
  { delaySeconds, webhookUrl, rotateSecret }: InputOf<Operation>,
): Promise<OutputOf<Operation>> {
  const { id, notifications: before } = await actingCoordinator(deps, caller);
  const aboutWebhook = webhookUrl !== undefined || rotateSecret;
  // An agent in a sandbox that could name an address would have a way out that no egress policy knows of.
  if (aboutWebhook && caller.identity.role === 'coordinator' && caller.identity.host !== undefined)
    throw new RoundhouseError('forbidden', 'a hosted coordinator has no webhook of its own choice');
  if (typeof webhookUrl === 'string') {
    const why = deps.webhookPost.refusal(webhookUrl);
    if (why !== null) throw new RoundhouseError('webhook_refused', `the webhook address is refused: ${why}`);
  }
  const url = webhookUrl === undefined ? before.webhookUrl : webhookUrl;
  // Before the address: a message for it is signed from the first one on.
  const webhookSecret = await secretFor(deps, id, url, url !== before.webhookUrl || rotateSecret);
  const changed = await deps.registry.changeCoordinator(id, (known) => ({
    ...known,
    notifications: {
      delaySeconds: delaySeconds ?? known.notifications.delaySeconds,
      webhookUrl: webhookUrl === undefined ? known.notifications.webhookUrl : webhookUrl,
    },
  }));
  if (changed === null) throw new RoundhouseError('coordinator_not_found', `there is no coordinator ${id}`);
  if (changed.notifications.webhookUrl === null) await deps.webhooks.remove(id);
  return { settings: changed.notifications, webhookSecret };
}

async function secretFor(
  { webhooks }: Deps,
  coordinatorId: string,
  url: string | null,
  anew: boolean,
): Promise<string | null> {
  if (url === null || (!anew && (await webhooks.hasSecret(coordinatorId)))) return null;
  const secret = newSecret();
  await webhooks.setSecret(coordinatorId, secret);
  return secret;
}
