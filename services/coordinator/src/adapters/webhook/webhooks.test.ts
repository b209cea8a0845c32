import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { ApiClient, NotificationMessage } from '@roundhouse/contracts';
import { temporaryFolder } from '@roundhouse/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../../testing/eventually.ts';
import { PlayedRunner } from '../../testing/played-runner.ts';
import { type Owner, type StartedCoordinator, startedCoordinator } from '../../testing/started-coordinator.ts';
import { createHttpWebhookPost, signatureOf } from './http-webhook-post.ts';

type Verify = (secret: string, signature: string | undefined, body: Buffer | string, now?: number) => boolean;

const TIMES = { firstPauseMs: 20, longestPauseMs: 3_600_000 };

let service: StartedCoordinator;
beforeAll(async () => {
  service = await startedCoordinator({
    notifications: { urgentMs: 100, againMs: 60_000 },
    webhooks: { ...TIMES, allowPrivate: true, giveUpMs: 86_400_000 },
  });
});
afterAll(() => service.stop());

/** The function that the documentation tells people to copy. */
async function documentedVerifier(): Promise<{ verify: Verify; remove: () => Promise<void> }> {
  const page = await readFile(new URL('../../../../../docs/webhooks.md', import.meta.url), 'utf8');
  const [, code] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
  const folder = await temporaryFolder();
  const file = join(folder.path, 'verify.mjs');
  await writeFile(file, code ?? '');
  const { isFromRoundhouse } = (await import(pathToFileURL(file).href)) as { isFromRoundhouse: Verify };
  return { verify: isFromRoundhouse, remove: () => folder.remove() };
}

interface Posted {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers with the given statuses one after the other, with the last one from then on. */
async function receiver(...statuses: number[]) {
  const posted: Posted[] = [];
  let open = 0;
  let most = 0;
  const server: Server = createServer((request, response) => {
    void (async () => {
      open += 1;
      most = Math.max(most, open);
      posted.push({ headers: request.headers, body: await text(request) });
      const status = statuses[Math.min(posted.length, statuses.length) - 1] ?? 200;
      open -= 1;
      response.writeHead(status, { location: '/elsewhere' }).end('{}');
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    posted,
    most: () => most,
    async stop(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function failingTask(owner: Owner): Promise<void> {
  const { id } = await owner.client.call('createTask', { name: 'a task', prompt: 'x' });
  const runner = await PlayedRunner.start(service, id);
  await runner.report({ type: 'attempt_failed', reason: 'no such program' });
  await runner.hangUp();
}

const webhookOf = async (owner: Owner) => (await owner.client.call('getNotifications', {})).webhook;

describe('webhooks', () => {
  it('NO-10, NO-11: a signed message is posted until it is taken, one try at a time, and the page’s verifier knows it', async () => {
    const owner = await service.newOwner();
    const hook = await receiver(500, 302, 200);
    const { settings, webhookSecret } = await owner.client.call('configureNotifications', { webhookUrl: hook.url });
    expect(settings.webhookUrl).toBe(hook.url);
    const secret = webhookSecret ?? '';
    expect(secret).toMatch(/^whsec_[\w-]{43}$/);
    await failingTask(owner);
    await waitFor('a message that is taken', async () => {
      const webhook = await webhookOf(owner);
      return hook.posted.length === 3 && webhook?.sending === null && webhook.lastError === null;
    });
    expect(hook.most()).toBe(1);
    const [first, , third] = hook.posted as [Posted, Posted, Posted];
    expect(new Set(hook.posted.map(({ body }) => body)).size).toBe(1);
    const message = NotificationMessage.parse(JSON.parse(first.body));
    expect(message).toMatchObject({ coordinatorId: owner.id, pending: 1, entries: [{ kind: 'failed' }] });
    expect(hook.posted.map(({ headers }) => headers['x-roundhouse-delivery'])).toEqual(Array(3).fill(message.id));

    const { verify, remove } = await documentedVerifier();
    const signature = String(third.headers['x-roundhouse-signature']);
    const other = signatureOf('whsec_other', third.body, Date.now());
    expect(verify(secret, signature, third.body)).toBe(true);
    expect(verify(secret, signature, Buffer.from(third.body))).toBe(true);
    for (const [given, body, now] of [
      [signature, `${third.body} `, undefined],
      [other, third.body, undefined],
      [signature.slice(0, -1), third.body, undefined],
      [undefined, third.body, undefined],
      [signature, third.body, Date.now() + 400_000],
    ] as const)
      expect(verify(secret, given, body, now)).toBe(false);
    await remove();

    const rotated = await owner.client.call('configureNotifications', { rotateSecret: true });
    expect(rotated.webhookSecret).not.toBe(secret);
    expect((await owner.client.call('configureNotifications', { delaySeconds: 10 })).webhookSecret).toBeNull();
    const off = await owner.client.call('configureNotifications', { webhookUrl: null });
    expect(off).toMatchObject({ settings: { webhookUrl: null, delaySeconds: 10 }, webhookSecret: null });
    expect(await webhookOf(owner)).toBeNull();
    await hook.stop();
  });

  it('NO-12: what nobody takes for too long is dropped, and shown; a newer message takes an older one’s place', async () => {
    const impatient = { ...TIMES, allowPrivate: true, giveUpMs: 0 };
    const patient = await service.newOwner();
    const deaf = await receiver(503);
    await patient.client.call('configureNotifications', { webhookUrl: deaf.url });
    await failingTask(patient);
    await waitFor('a first try', () => Promise.resolve(deaf.posted.length > 0));
    await failingTask(patient);
    await waitFor('the newer message', () =>
      Promise.resolve(deaf.posted.some(({ body }) => NotificationMessage.parse(JSON.parse(body)).pending === 2)),
    );
    expect(await webhookOf(patient)).toMatchObject({ lastError: 'it answered 503', dropped: 0 });
    expect((await webhookOf(patient))?.sending?.tries).toBeGreaterThan(0);
    // Whoever tries last decides; from now on that is one that gives up at once.
    await service.restart({ webhooks: impatient });
    await waitFor('a drop', async () => {
      const webhook = await webhookOf(patient);
      return webhook !== null && webhook.dropped > 0;
    });
    await service.restart();
    await patient.client.call('configureNotifications', { webhookUrl: null });
    await deaf.stop();
  });

  it('NO-9: private, local and special addresses are refused unless allowed, also behind a name; so are passwords', async () => {
    const hook = await receiver(200);
    const strict = createHttpWebhookPost(false);
    const tried = (url: string) => ({ coordinatorId: 'c', id: 'i', body: '{}', url, secret: 's' });
    const never = new AbortController().signal;
    const port = String(hook.port);
    for (const host of [
      '127.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '2130706433',
      '0x7f.1',
      '169.254.169.254',
      'localhost',
    ])
      expect(strict.refusal(`http://${host}:${port}/`), host).not.toBeNull();
    expect(strict.refusal('https://user:password@example.org/')).toContain('password');
    expect(strict.refusal('https://example.org/hook')).toBeNull();
    const loose = createHttpWebhookPost(true);
    expect(loose.refusal('http://169.254.169.254/latest')).not.toBeNull();
    expect(await loose.post(tried(`http://localhost:${port}/`), never)).toBeNull();
    expect(hook.posted).toHaveLength(1);
    // A name that is judged by what it resolves to, at the moment of the connection.
    expect(await strict.post(tried(`http://localhost:${port}/`), never)).toContain('no public address');
    const { lookup } = await import('node:dns/promises');
    const { hostname } = await import('node:os');
    const known = await lookup(hostname()).then(
      () => true,
      () => false,
    );
    if (known) expect(await strict.post(tried(`http://${hostname()}:${port}/`), never)).not.toBeNull();
    expect(hook.posted).toHaveLength(1);
    await hook.stop();

    const refusing = await service.another({ webhooks: { ...TIMES, allowPrivate: false, giveUpMs: 0 } });
    const owner = await service.newOwner();
    const client = new ApiClient({ baseUrl: refusing.url, token: owner.token, coordinatorId: owner.id });
    for (const webhookUrl of ['http://10.0.0.1/', 'http://localhost/x'])
      await expect(client.call('configureNotifications', { webhookUrl })).rejects.toMatchObject({
        code: 'webhook_refused',
      });
    await expect(client.call('configureNotifications', { webhookUrl: 'file:///etc/passwd' })).rejects.toMatchObject({
      code: 'validation_failed',
    });
    await refusing.stop();
  });
});
