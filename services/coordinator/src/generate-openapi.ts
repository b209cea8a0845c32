import { writeFileAtomic } from '@roundhouse/host';
import { pino } from 'pino';
import { createApp } from './app.ts';
import { VERSION } from './compose.ts';

// The document needs the routes and nothing behind them: no handler runs, so nothing is connected.
const [target] = process.argv.slice(2);
if (target === undefined) {
  process.stderr.write('usage: generate-openapi FILE\n');
  process.exit(2);
}
const log = pino({ level: 'silent' });
const unused = {} as never;
const app = await createApp({
  deps: {
    store: unused,
    feed: unused,
    events: unused,
    notices: unused,
    registry: unused,
    admission: unused,
    breakers: unused,
    schemas: unused,
    maxRunning: null,
    launchers: unused,
    profiles: unused,
    tokens: unused,
    access: unused,
    accessFeed: unused,
    pairings: unused,
    audit: unused,
    presence: unused,
    notifications: unused,
    webhooks: unused,
    webhookPost: unused,
    hubs: unused,
    recordings: unused,
    renderings: unused,
    clock: unused,
    log,
    publicUrl: () => '',
    idempotency: unused,
    keptWaits: unused,
    ping: unused,
    version: VERSION,
  },
  git: unused,
  log,
  calls: unused,
  allowedHosts: [],
  rateLimits: null,
  eventStream: { heartbeatMs: 1, stallMs: 1 },
  stopping: new AbortController().signal,
});
await app.ready();
await writeFileAtomic(target, `${JSON.stringify(app.swagger(), null, 2)}\n`, { mode: 0o644 });
await app.close();
