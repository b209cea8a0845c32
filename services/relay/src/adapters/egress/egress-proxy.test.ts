import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { failOnLeaks, within } from '@roundhouse/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { allOf, ask, startLocalDoor, talk, tunnel } from '../../testing/door-client.ts';
import { startMirror, startTestProxy, type TestProxy } from '../../testing/egress.ts';
import { startHttp, startTcp } from '../../testing/servers.ts';

const run = promisify(execFile);

failOnLeaks();

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});
function keep<T extends { close(): Promise<void> }>(server: T): T {
  cleanups.push(() => server.close());
  return server;
}
const startProxy = async (allow: string): Promise<TestProxy> => keep(await startTestProxy(allow));

describe('what may pass', () => {
  it('RL-11: a tunnel to an allowed host and port carries bytes both ways', async () => {
    const server = keep(await startTcp((socket) => void allOf(socket).then((got) => socket.end(`got ${got.length}`))));
    const proxy = await startProxy(`private:localhost:${server.port}`);
    const { status, socket } = await tunnel(proxy.socket, `LOCALHOST:${server.port}`);
    expect(status).toBe(200);
    socket.end(Buffer.alloc(500_000, 'x'));
    expect((await allOf(socket)).toString()).toBe('got 500000');
  });

  it('RL-11: bytes that came together with the CONNECT are not lost', async () => {
    const server = keep(await startTcp((socket) => void allOf(socket).then((got) => socket.end(got))));
    const proxy = await startProxy(`127.0.0.1:${server.port}`);
    const answer = await talk(proxy.socket, `CONNECT 127.0.0.1:${server.port} HTTP/1.1\r\n\r\nearly bytes`);
    expect(answer).toMatch(/^HTTP\/1\.1 200 .*\r\n\r\nearly bytes$/);
  });

  it('RL-11: curl and git go through it, tunnelled and plain, by the usual variables', async () => {
    const server = keep(await startMirror());
    const proxy = await startProxy(`127.0.0.1:${server.port}`);
    const local = keep(await startLocalDoor(proxy.socket));
    const url = `http://127.0.0.1:${server.port}/path`;
    const env = { PATH: process.env['PATH'] ?? '', http_proxy: `http://127.0.0.1:${local.port}`, no_proxy: '' };
    for (const how of [[], ['--proxytunnel']]) {
      const { stdout } = await run('curl', ['-sS', ...how, url], { env });
      expect(JSON.parse(stdout)).toMatchObject({ method: 'GET', url: '/path' });
    }
    const refused = run('git', ['ls-remote', 'http://no-rule.test/x.git'], { env });
    await expect(refused).rejects.toThrow('403');
  });

  it('RL-12: a plain request arrives with its body and without what is the proxy’s', async () => {
    const server = keep(await startMirror());
    const proxy = await startProxy(`127.0.0.1:${server.port}`);
    const answer = await ask(proxy.socket, `http://user:word@127.0.0.1:${server.port}/a?b=%20c`, {
      method: 'POST',
      headers: { 'proxy-authorization': 'Basic c2VjcmV0', 'x-mine': 'kept', connection: 'x-hop', 'x-hop': 'dropped' },
      body: 'the body',
    });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'x-kept': 'yes', via: '1.1 roundhouse' });
    expect(answer.headers).not.toHaveProperty('x-dropped');
    expect(answer.headers).not.toHaveProperty('proxy-authenticate');
    const seen = JSON.parse(answer.body) as { method: string; url: string; rawHeaders: string[]; body: string };
    expect(seen).toMatchObject({ method: 'POST', url: '/a?b=%20c', body: 'the body' });
    const names = seen.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
    expect(names.toSorted()).toEqual(['connection', 'content-length', 'host', 'via', 'x-mine']);
    expect(seen.rawHeaders[seen.rawHeaders.indexOf('Host') + 1]).toBe(`127.0.0.1:${server.port}`);
    expect(JSON.stringify(seen)).not.toContain('c2VjcmV0');
  });

  it('RL-12: bodies of requests that mostly have none, and answers without one', async () => {
    const server = keep(await startMirror());
    const proxy = await startProxy(`127.0.0.1:${server.port}`);
    const url = `http://127.0.0.1:${server.port}/`;
    for (const headers of [{ 'content-length': '2' }, { 'transfer-encoding': 'chunked' }]) {
      const { body } = await ask(proxy.socket, url, { method: 'DELETE', headers, body: 'hi' });
      expect(JSON.parse(body)).toMatchObject({ method: 'DELETE', body: 'hi' });
    }
    expect(await ask(proxy.socket, url, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });

  it('RL-17: forty connections at once, half of them tunnels, each with its own answer', async () => {
    const server = keep(await startMirror());
    const proxy = await startProxy(`private:localhost:${server.port}`);
    const answers = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        if (index % 2 === 0) return (await ask(proxy.socket, `http://localhost:${server.port}/${index}`)).body;
        const { socket } = await tunnel(proxy.socket, `localhost:${server.port}`);
        socket.end(`GET /${index} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
        return (await allOf(socket)).toString();
      }),
    );
    answers.forEach((answer, index) => expect(answer).toContain(`"url":"/${index}"`));
  });

  it('RL-18: requests sent ahead are answered in order, over one connection to the outside at a time', async () => {
    const open = { now: 0, most: 0 };
    const server = keep(
      await startHttp((request, response) => {
        open.now += 1;
        open.most = Math.max(open.most, open.now);
        setTimeout(() => {
          open.now -= 1;
          response.end(`<${request.url ?? ''}>`);
        }, 10);
      }),
    );
    const proxy = await startProxy(`127.0.0.1:${server.port}`);
    const one = (index: number): string => `GET http://127.0.0.1:${server.port}/${index} HTTP/1.1\r\nHost: x\r\n`;
    const client = connect(proxy.socket);
    client.write(Array.from({ length: 10 }, (_, index) => `${one(index)}\r\n`).join(''));
    client.write(`${one(10)}Connection: close\r\n\r\n`);
    const answer = (await allOf(client)).toString();
    expect(answer.match(/<\/\d+>/g)).toEqual(Array.from({ length: 11 }, (_, index) => `</${index}>`));
    expect(open.most).toBe(1);

    const greedy = connect(proxy.socket);
    greedy.on('error', () => greedy.destroy());
    greedy.write(`${one(0)}\r\n`.repeat(200));
    await within(20_000, 'the end of one that asks for too much', once(greedy.resume(), 'close'));
    expect(server.taken()).toBeLessThan(50);
  });

  it('RL-18: what was sent ahead of an answer that ends the connection is not done', async () => {
    const server = keep(await startMirror());
    const proxy = await startProxy(`127.0.0.1:${server.port}`);
    const get = (where: string): string => `GET http://${where}/ HTTP/1.1\r\nHost: x\r\n\r\n`;
    const allowed = get(`127.0.0.1:${server.port}`);
    const answer = await talk(proxy.socket, `${get('no-rule.test')}${allowed.repeat(5)}`);
    expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 403']);
    expect(server.taken()).toBe(0);
  });
});
