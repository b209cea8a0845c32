import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { worldOf } from './certificates.ts';
import { toEnginePath } from './host-paths.ts';
import { composeLabels, installOf } from './names.ts';
import { ownContainerId } from './self.ts';

const ID = 'ab'.repeat(32);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rh-paths-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('a launcher that is a container itself', () => {
  it('DS-18: knows its own id by the files that the engine planted, and not by what it sees of others', async () => {
    const file = join(folder, 'mountinfo');
    const others = `31 1 0:5 / /var/lib/docker/containers/${'cd'.repeat(32)}/mounts/shm rw - tmpfs shm rw\n`;
    await writeFile(file, others);
    expect(await ownContainerId(file)).toBeNull();
    const planted = `32 1 254:0 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw - ext4 /dev/vda rw\n`;
    await writeFile(file, others + planted);
    expect(await ownContainerId(file)).toBe(ID);
    expect(await ownContainerId(join(folder, 'missing'))).toBeNull();
    expect(await ownContainerId()).toBeNull();
  });

  it('DS-18: calls each path what the engine calls it, by its deepest mount', () => {
    const toEngine = toEnginePath([
      { source: '/var/lib/docker/volumes/data/_data', destination: '/data' },
      { source: '/srv/sandboxes', destination: '/data/sandboxes' },
      { source: '', destination: '/tmp' },
    ]);
    expect(toEngine('/data/hubs/x.git/objects')).toBe('/var/lib/docker/volumes/data/_data/hubs/x.git/objects');
    expect(toEngine('/data/sandboxes')).toBe('/srv/sandboxes');
    expect(toEngine('/data/sandboxes/../sandboxes/a')).toBe('/srv/sandboxes/a');
    expect(toEngine('/data/..data')).toBe('/var/lib/docker/volumes/data/_data/..data');
    for (const path of ['/database', '/data/../etc', '/tmp/x', '/']) {
      expect(() => toEngine(path)).toThrow('in no volume or folder that is mounted');
    }
    expect(toEnginePath(null)('/data/x/../y')).toBe('/data/y');
  });

  it('DS-18: shows its project’s labels to docker-compose, and nothing where it has none', () => {
    expect(composeLabels({})).toEqual({});
    expect(composeLabels({ 'com.docker.compose.project': 'rh', other: 'x' })).toMatchObject({
      'com.docker.compose.project': 'rh',
      'com.docker.compose.service': 'sandbox',
      'com.docker.compose.oneoff': 'True',
    });
    expect(installOf('/a')).not.toBe(installOf('/b'));
  });

  it('DS-17: certificates go with the way out, as a file that is shown, and nothing else of its environment', async () => {
    const file = join(folder, 'ca.pem');
    await writeFile(file, 'a certificate');
    const ours = {
      TZ: 'Europe/Berlin',
      NODE_EXTRA_CA_CERTS: file,
      SSL_CERT_FILE: '/missing.pem',
      PATH: '/x',
      HOME: '/root',
    };
    expect(await worldOf(ours, false, (path) => path)).toEqual({ environment: { TZ: 'Europe/Berlin' }, binds: [] });
    const target = '/opt/certificates/node_extra_ca_certs-ca.pem';
    expect(await worldOf(ours, true, (path) => `/host${path}`)).toEqual({
      environment: { TZ: 'Europe/Berlin', NODE_EXTRA_CA_CERTS: target },
      binds: [{ source: `/host${file}`, target }],
    });
    const away = (): string => {
      throw new Error('in no mount');
    };
    expect((await worldOf(ours, true, away)).binds).toEqual([]);
  });
});
