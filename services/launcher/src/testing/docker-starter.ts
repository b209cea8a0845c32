import { DockerPlace } from './docker-place.ts';
import type { StartOrder, WarmOrder } from '../ports.ts';

/**
 * A launcher of its own, to be killed: `docker-starter.js ROOT SOCKET JSON`, which starts an attempt, or a warm sandbox
 * that it then may give one to and use again after it, and lives on.
 */
const [root = '', socketPath = '', text = ''] = process.argv.slice(2);
const { cold, warm, assign, recycle } = JSON.parse(text) as {
  cold?: StartOrder;
  warm?: WarmOrder;
  assign?: StartOrder;
  recycle?: boolean;
};
const never = new AbortController().signal;

const place = DockerPlace.at(root);
const sandboxes = await place.open({ socketPath, recycle: recycle === true });
const idle = new Promise((resolve) => sandboxes.onIdle(resolve));
if (cold !== undefined) await sandboxes.start(cold);
if (warm !== undefined) await sandboxes.startWarm(warm, never);
if (warm !== undefined && assign !== undefined) await sandboxes.assign(warm.warmId, assign, never);
if (recycle === true && assign !== undefined) {
  await idle;
  process.stdout.write('idle\n');
  await sandboxes.recycle(assign);
  process.stdout.write('recycled\n');
}
setInterval(() => undefined, 1_000);
