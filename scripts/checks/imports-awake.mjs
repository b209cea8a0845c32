import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inRoot } from '../bootstrap/root.mjs';
import { cruise } from './imports.mjs';

/** Files of a small house that breaks every rule once: the rule's name, the file that breaks it, what it imports. */
const PLANTED = /** @type {const} */ ([
  ['no-cycles', 'services/a/src/app.ts', './main-loop.ts'],
  ['not-resolvable', 'services/a/src/app.ts', './nowhere.ts'],
  ['services-are-strangers', 'services/a/src/adapters/http/other.ts', '../../../../b/src/domain/fact.ts'],
  ['packages-know-no-service', 'packages/cli/src/start.ts', '../../../services/b/src/domain/fact.ts'],
  ['contracts-only-zod', 'packages/contracts/src/task.ts', 'node:fs'],
  ['host-no-dependency', 'packages/host/src/file.ts', 'pino'],
  ['domain-is-pure', 'services/a/src/domain/decide.ts', 'node:crypto'],
  ['layer-ports', 'services/a/src/ports.ts', './handlers/create.ts'],
  ['layer-handlers', 'services/a/src/handlers/create.ts', '../adapters/redis/store.ts'],
  ['layer-effects', 'services/a/src/effects/push.ts', '../adapters/redis/store.ts'],
  ['layer-http', 'services/a/src/http/routes.ts', '../adapters/redis/store.ts'],
  ['layer-adapters', 'services/a/src/adapters/redis/store.ts', '../../config.ts'],
  ['layer-agents', 'services/a/src/agents/scripted.ts', '../adapters/redis/store.ts'],
  ['adapters-never-meet', 'services/a/src/adapters/git/hub.ts', '../redis/store.ts'],
  ['main-is-imported-by-nothing', 'services/b/src/app.ts', './main.ts'],
  ['testkit-in-tests-only', 'services/b/src/app.ts', '../../../packages/testkit/src/index.ts'],
  ['tests-are-imported-by-tests-only', 'services/b/src/app.ts', './app.test.ts'],
  ['door-docker', 'services/a/src/app.ts', 'dockerode'],
  ['door-git', 'services/a/src/app.ts', 'simple-git'],
  ['door-redis', 'services/a/src/app.ts', 'ioredis'],
  ['door-queue', 'services/a/src/app.ts', 'bullmq'],
  ['door-mcp-server', 'services/a/src/app.ts', '@modelcontextprotocol/server'],
  ['door-mcp-client', 'services/a/src/app.ts', '@modelcontextprotocol/client'],
  ['door-pty', 'services/a/src/app.ts', 'node-pty'],
  ['door-terminal', 'services/a/src/app.ts', '@xterm/headless'],
  ['door-websocket', 'services/a/src/app.ts', 'ws'],
  ['door-fastify', 'services/b/src/domain/fact.ts', 'fastify'],
]);

/** What the planted imports point at, so that they resolve. */
const TARGETS = [
  'services/a/src/config.ts',
  'services/a/src/handlers/create.ts',
  'services/b/src/domain/fact.ts',
  'services/b/src/main.ts',
  'services/b/src/app.test.ts',
  'packages/testkit/src/index.ts',
];

/** @returns {Map<string, string>} content by path */
function house() {
  const files = new Map(TARGETS.map((path) => [path, '']));
  files.set('services/a/src/main-loop.ts', "export * from './app.ts';\n");
  for (const [, path, target] of PLANTED) {
    // Half of them as types: a domain that names a vendor's type knows the vendor too.
    files.set(path, `${files.get(path) ?? ''}export type * from '${target}';\nimport '${target}';\n`);
  }
  return files;
}

/** Every rule of the import check reports its planted violation, and there is no rule without one. */
export async function checkImportsAwake() {
  const folder = await mkdtemp(join(tmpdir(), 'rh-planted-'));
  try {
    for (const [path, text] of house()) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), `${text}export const here = 1;\n`);
    }
    await symlink(inRoot('node_modules'), join(folder, 'node_modules'));
    await cp(inRoot('tsconfig.base.json'), join(folder, 'tsconfig.base.json'));
    const result = await cruise(folder, inRoot('.dependency-cruiser.cjs'));
    return typeof result === 'string' ? { ok: false, output: result } : verdict(result.violations);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @param {readonly { rule: string, from: string }[]} violations */
function verdict(violations) {
  /** @type {{ forbidden: { name: string }[] }} */
  const config = createRequire(import.meta.url)(inRoot('.dependency-cruiser.cjs'));
  const faults = PLANTED.filter(
    ([rule, from]) => !violations.some((found) => found.rule === rule && found.from === from),
  ).map(([rule, from, to]) => `the check sleeps: ${rule} does not report ${from} → ${to}`);
  for (const { name } of config.forbidden) {
    if (!PLANTED.some(([rule]) => rule === name)) faults.push(`no violation is planted for the rule ${name}`);
  }
  return { ok: faults.length === 0, output: faults.join('\n') };
}
