/**
 * The import rule, one-way: contracts ← domain ← ports ← handlers ← adapters, http ← app ← main. Services are strangers
 * that meet in packages/contracts; a vendor's library has one door. `npm run check` also plants violations of these
 * rules and fails where they are not reported (scripts/checks/imports-awake.mjs).
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */

const SERVICE = '^services/([^/]+)/src/';
/** Tests, and what a part writes for its tests alone. */
const TESTS = '([.]test[.]ts$|/src/testing/)';
/** The given packages of npm, installed or not (a type-only import of a missing one keeps its bare name). */
const npm = (...names) => `(^|(^|/)node_modules/)(${names.join('|')})(/|$)`;

/** A vendor's library and the only files that may import it. */
const door = (name, packages, allowed) => ({
  name: `door-${name}`,
  comment: `Only ${allowed.join(' and ')} may import ${packages.join(', ')}.`,
  severity: 'error',
  from: { path: '^(packages|services)/[^/]+/src/', pathNot: [...allowed, TESTS, '^packages/testkit/'] },
  to: { path: npm(...packages) },
});

/** A folder of a service may not import the given parts of the same service. */
const layer = (name, from, forbidden) => ({
  name: `layer-${name}`,
  comment: `${name} must not know ${forbidden.join(', ')}: contracts ← domain ← ports ← handlers ← adapters, http ← app ← main.`,
  severity: 'error',
  from: { path: `${SERVICE}${from}`, pathNot: TESTS },
  to: { path: `^services/$1/src/(${forbidden.join('|')})` },
});

const OUTER = ['app[.]ts', 'main[.]ts', 'config[.]ts'];

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { pathNot: 'node_modules' } } },
    {
      name: 'not-resolvable',
      comment: 'An import that nothing answers to.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'services-are-strangers',
      comment: 'Services meet only in packages/contracts.',
      severity: 'error',
      from: { path: '^services/([^/]+)/' },
      to: { path: '^services/', pathNot: '^services/$1/' },
    },
    {
      name: 'packages-know-no-service',
      comment: 'The CLI supervises services as child processes and imports none of them.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^services/' },
    },
    {
      name: 'contracts-only-zod',
      severity: 'error',
      from: { path: '^packages/contracts/src/', pathNot: TESTS },
      to: { pathNot: ['^packages/contracts/', npm('zod')] },
    },
    {
      name: 'host-no-dependency',
      comment: 'packages/host stands on Node alone.',
      severity: 'error',
      from: { path: '^packages/host/src/', pathNot: TESTS },
      to: { path: ['^packages/', 'node_modules'], pathNot: '^packages/host/' },
    },
    {
      name: 'domain-is-pure',
      comment: 'A domain imports contracts and itself: no Node module, no library, nothing that waits.',
      severity: 'error',
      from: { path: `${SERVICE}domain/`, pathNot: TESTS },
      to: { pathNot: ['^packages/contracts/', '^services/$1/src/domain/', npm('zod')] },
    },
    layer('ports', 'ports([.]ts|/)', ['handlers', 'effects', 'adapters', 'http', 'agents', ...OUTER]),
    layer('handlers', 'handlers/', ['adapters', 'http', 'agents', ...OUTER]),
    layer('effects', 'effects/', ['adapters', 'http', 'agents', ...OUTER]),
    layer('http', 'http/', ['adapters', ...OUTER]),
    layer('adapters', 'adapters/', ['http', ...OUTER]),
    layer('agents', 'agents/', ['adapters', 'http', ...OUTER]),
    {
      name: 'adapters-never-meet',
      severity: 'error',
      from: { path: `${SERVICE}adapters/([^/]+)/`, pathNot: TESTS },
      to: { path: '^services/$1/src/adapters/', pathNot: '^services/$1/src/adapters/$2/' },
    },
    {
      name: 'main-is-imported-by-nothing',
      severity: 'error',
      from: {},
      to: { path: '^(packages|services)/[^/]+/src/main[.]ts$' },
    },
    {
      name: 'testkit-in-tests-only',
      severity: 'error',
      from: { path: '^(packages|services)/', pathNot: [TESTS, '^packages/testkit/'] },
      to: { path: '^packages/testkit/' },
    },
    {
      name: 'tests-are-imported-by-tests-only',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: TESTS },
    },
    door('docker', ['dockerode'], ['^services/launcher/src/adapters/docker/']),
    door('git', ['simple-git'], ['^services/[^/]+/src/adapters/git/']),
    door('redis', ['ioredis'], ['^services/[^/]+/src/adapters/(redis|bullmq)/']),
    door('queue', ['bullmq'], ['^services/[^/]+/src/adapters/bullmq/']),
    door('mcp-server', ['@modelcontextprotocol/(server|node)'], ['^services/mcp-gateway/src/']),
    door('mcp-client', ['@modelcontextprotocol/client'], ['^packages/(cli|scripted-agent)/src/']),
    door('pty', ['node-pty', '@lydell/node-pty'], ['^services/runner/src/adapters/pty/']),
    door(
      'terminal',
      ['@xterm/headless'],
      ['^services/runner/src/adapters/pty/', '^services/coordinator/src/adapters/terminal/'],
    ),
    door(
      'websocket',
      ['ws', '@fastify/websocket'],
      ['^services/coordinator/src/(http/|app[.]ts)', '^services/runner/src/adapters/link/'],
    ),
    door('fastify', ['fastify', '@fastify/.*', 'fastify-.*'], ['^services/coordinator/src/(http/|app[.]ts)']),
  ],
  options: {
    doNotFollow: { path: ['node_modules', '/dist/'] },
    // Types are imports too: a domain that names a vendor's type knows the vendor.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
