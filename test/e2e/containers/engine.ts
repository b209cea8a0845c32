import { runProgram } from './run-program.ts';

const LOOK_MS = 20_000;

/** Why tests of containers cannot run here, in one line; null where they can, and always in CI: there they must. */
export async function noEngine(): Promise<string | null> {
  if (process.env['CI'] === 'true') return null;
  const { code, said } = await runProgram('docker', ['version', '--format', '{{.Server.Version}}'], {
    ms: LOOK_MS,
  }).catch((error: Error) => ({ code: 1, said: error.message }));
  if (code !== 0) return `no Docker engine answers (${said.trim().split('\n').at(-1) ?? ''})`;
  return (await composeCommands()).length === 0 ? 'neither "docker compose" nor docker-compose is there' : null;
}

/** The composes of this machine, as a program and its first arguments: the plugin first, then docker-compose 1.29. */
export async function composeCommands(): Promise<(readonly [string, ...string[]])[]> {
  const known: (readonly [string, ...string[]])[] = [['docker', 'compose'], ['docker-compose']];
  const answers = await Promise.all(
    known.map(([program, ...first]) =>
      runProgram(program, [...first, 'version'], { ms: LOOK_MS }).then(
        ({ code }) => code === 0,
        () => false,
      ),
    ),
  );
  return known.filter((_, index) => answers[index]);
}
