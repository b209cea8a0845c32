import { stat, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from './containers/compose-stack.ts';
import { PrivateEngine } from './containers/private-engine.ts';
import { runProgram } from './containers/run-program.ts';

const PREPARE = `${ROOT}deploy/airgap/prepare.sh`;
const TAGS = ['debian:bookworm-slim', 'node:22-bookworm-slim', 'redis:7-alpine'];
const SCRIPT_MS = 420_000;

/** Root on Debian 12 is what the script asks for, and what CI is. */
async function cannot(): Promise<string | null> {
  if (process.env['CI'] === 'true') return null;
  if (process.getuid?.() !== 0) return 'they need root';
  const { code } = await runProgram('sh', ['-c', 'command -v ip iptables nsenter dockerd mmdebstrap >/dev/null'], {
    ms: 5_000,
  });
  const { out } = await runProgram('sh', ['-c', '. /etc/os-release; echo "$VERSION_CODENAME"'], { ms: 5_000 });
  if (out !== 'bookworm') return 'they need Debian 12';
  return code === 0 ? null : 'they would install packages on this machine: run deploy/airgap/prepare.sh first';
}

const why = await cannot();
if (why !== null) process.stderr.write(`skipped, the airgap script from nothing: ${why}\n`);

it('DP-11: the airgap script teaches, and refuses what it does not know without doing anything', async () => {
  const help = await runProgram('bash', [PREPARE, '--help'], { ms: 10_000 });
  expect(help.code).toBe(0);
  for (const word of ['--save', '--load', '--slots', '--compose-plugin', 'AIRGAP_DATA_ROOT', ...TAGS])
    expect(help.out).toContain(word);
  const unknown = await runProgram('bash', [PREPARE, '--frobnicate'], { ms: 10_000 });
  expect([unknown.code, unknown.said]).toEqual([1, expect.stringContaining('unknown option --frobnicate')]);
  const halved = await runProgram('bash', [PREPARE, '--save'], { ms: 10_000 });
  expect([halved.code, halved.said]).toEqual([1, expect.stringContaining('--save needs a path')]);
});

describe.skipIf(why !== null)('the airgap script on a machine without an engine', () => {
  let engine: PrivateEngine;
  let first: { readonly code: number | null; readonly said: string };

  const idsOf = (): Promise<string[]> =>
    Promise.all(TAGS.map((tag) => engine.docker('image', 'inspect', '--format', '{{.Id}}', tag)));
  const saved = (): string => `${engine.folder.path}/stand-ins.tar.gz`;

  beforeAll(async () => {
    engine = await PrivateEngine.make();
    first = await engine.run('bash', [PREPARE, '--save', saved()], SCRIPT_MS);
  }, SCRIPT_MS + 60_000);
  afterAll(() => engine?.end(), 60_000);

  it('DP-9: it starts an engine and makes the stand-ins, which behave like the public images', async () => {
    expect([first.code, first.code === 0 ? '' : first.said]).toEqual([0, '']);
    expect(first.said).toMatch(/^airgap +\d+s {2}/m);
    const node = await engine.docker(
      'run',
      '--rm',
      TAGS[1] ?? '',
      '--print',
      'process.versions.node + process.getuid()',
    );
    expect(node).toMatch(/^22\.\d+\.\d+0$/);
    expect(await engine.docker('run', '--rm', '--user', 'node', TAGS[1] ?? '', 'npm', '--version')).toMatch(/^10\./);
    // Without capabilities but those that becoming another user takes, as the compose file has it.
    const caps = ['CHOWN', 'DAC_OVERRIDE', 'SETGID', 'SETUID'].flatMap((cap) => ['--cap-add', cap]);
    const redis = await engine.docker(
      'run',
      '--detach',
      '--cap-drop',
      'ALL',
      ...caps,
      TAGS[2] ?? '',
      '--appendonly',
      'yes',
    );
    await expect
      .poll(() => engine.run('docker', ['exec', redis, 'redis-cli', 'ping'], 10_000))
      .toMatchObject({ out: 'PONG' });
    const owner = await engine.docker('exec', redis, 'sh', '-c', 'stat -c %U /proc/1 /data/appendonlydir');
    expect(owner.split('\n')).toEqual(['redis', 'redis']);
    await engine.docker('rm', '--force', '--volumes', redis);
    // A build reaches the npm registry and Debian, through the same certificates as this machine.
    const script = 'npm view left-pad@1.3.0 version && apt-get update -qq && echo reached';
    expect(await engine.docker('run', '--rm', TAGS[1] ?? '', 'sh', '-ec', script)).toBe('1.3.0\nreached');
    expect((await stat(saved())).size).toBeGreaterThan(50_000_000);
  }, 120_000);

  it('DP-10: a second run does nothing, a real image is left alone, and a saved file stands in for the registries', async () => {
    const before = await idsOf();
    const again = await engine.run('bash', [PREPARE], SCRIPT_MS);
    expect([again.code, await idsOf()]).toEqual([0, before]);
    for (const tag of TAGS) expect(again.said).toContain(`${tag} is there`);
    expect(again.said).not.toMatch(/ made$/m);

    // What stands for a real image is one without our labels.
    const folder = `${engine.folder.path}/real`;
    await runProgram('mkdir', [folder], { ms: 5_000 });
    await writeFile(`${folder}/Dockerfile`, 'FROM scratch\nCOPY Dockerfile /\nCMD ["none"]\n');
    await engine.docker('build', '--quiet', '--tag', TAGS[2] ?? '', folder);
    const real = await engine.docker('image', 'inspect', '--format', '{{.Id}}', TAGS[2] ?? '');
    for (const args of [[], ['--load', saved()]]) {
      const { code, said } = await engine.run('bash', [PREPARE, ...args], SCRIPT_MS);
      expect([code, said]).toEqual([0, expect.stringContaining(`${TAGS[2]} is there, and is not ours: left alone`)]);
      expect(await engine.docker('image', 'inspect', '--format', '{{.Id}}', TAGS[2] ?? '')).toBe(real);
    }

    await engine.docker('rmi', '--force', ...TAGS);
    const loaded = await engine.run('bash', [PREPARE, '--load', saved()], SCRIPT_MS);
    expect([loaded.code, await idsOf()]).toEqual([0, before]);
    expect(loaded.said).not.toMatch(/ made$/m);
  }, 240_000);
});
