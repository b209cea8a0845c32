import { checkDisableReasons } from './disable-reasons.mjs';
import { checkGenerated } from './generated.mjs';
import { checkImportsAwake } from './imports-awake.mjs';
import { checkImports } from './imports.mjs';
import { checkProcessEnv } from './process-env.mjs';
import { checkRawWrites } from './raw-writes.mjs';
import { checkSecrets } from './secrets.mjs';
import { checkSpecIds } from './spec-ids.mjs';
import { checkSyncCalls } from './sync-calls.mjs';
import { runTool } from './tool.mjs';

/** @typedef {{ name: string, afterTypes: boolean, run: () => Promise<import('./tool.mjs').Outcome> }} Check */

const LINTED = ['packages', 'services', 'scripts', 'test', 'bench', 'vitest.config.ts'];
const LINT = ['--type-aware', '--deny-warnings', '--report-unused-disable-directives', '--format', 'unix'];
const FORMAT = ['--check', '--log-level', 'warn', '--cache', '.'];
const OFFLINE = { env: { OPENSPEC_TELEMETRY: '0', DO_NOT_TRACK: '1' } };

/**
 * All checks. `afterTypes`: it reads what the compiler writes.
 *
 * @type {readonly Check[]}
 */
export const CHECKS = [
  {
    name: 'types',
    afterTypes: false,
    run: () => runTool('tsc', ['-b', 'tsconfig.json', 'tsconfig.test.json', '--pretty', 'false']),
  },
  { name: 'format', afterTypes: false, run: () => runTool('prettier', FORMAT) },
  { name: 'imports-awake', afterTypes: false, run: checkImportsAwake },
  { name: 'raw-writes', afterTypes: false, run: checkRawWrites },
  { name: 'sync-calls', afterTypes: false, run: checkSyncCalls },
  { name: 'process-env', afterTypes: false, run: checkProcessEnv },
  { name: 'secrets', afterTypes: false, run: checkSecrets },
  { name: 'disable-reasons', afterTypes: false, run: checkDisableReasons },
  { name: 'spec-ids', afterTypes: false, run: checkSpecIds },
  { name: 'openspec', afterTypes: false, run: () => runTool('openspec', ['validate', '--all', '--strict'], OFFLINE) },
  { name: 'lint', afterTypes: true, run: () => runTool('oxlint', [...LINT, ...LINTED]) },
  { name: 'imports', afterTypes: true, run: checkImports },
  { name: 'dead-code', afterTypes: true, run: () => runTool('knip', ['--no-progress', '--no-config-hints']) },
  { name: 'generated', afterTypes: true, run: checkGenerated },
];
