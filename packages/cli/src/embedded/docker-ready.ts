import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Failure } from '../failure.ts';
import { oneLine } from '../output.ts';
import { askEngine } from './engine-ask.ts';
import { DEFAULT_IMAGE } from './sandbox-choice.ts';

const ROOT = new URL('../../../../', import.meta.url);
const DOCKERFILE = fileURLToPath(new URL('deploy/images/sandbox.Dockerfile', ROOT));
const CONTEXT = fileURLToPath(new URL('deploy/images/', ROOT));
/** Base image and packages come over a network. */
const BUILD_MS = 900_000;
const LAST_LINES = 15;

interface Parts {
  readonly socket: string;
  readonly image: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Sees to it that containers can be started: an engine answers, and the default image is there, built if need be. Another
 * image is the launcher's business, which pulls it.
 * @throws Failure that says what to do
 */
export async function ensureDockerReady({ socket, image, environment, say, signal }: Parts): Promise<void> {
  const ping = await askEngine(socket, 'GET', '/_ping', signal).catch((error: unknown) => {
    signal.throwIfAborted();
    const hint =
      'Start Docker, name its socket with ROUNDHOUSE_DOCKER_SOCKET, or run agents that you trust with --sandbox process.';
    throw new Failure(`no Docker engine answers at ${socket}: ${wordsOf(error)}`, { hint, cause: error });
  });
  if (ping.status !== 200) throw new Failure(`the Docker engine at ${socket} answered ${ping.status} to a ping`);
  if (image !== DEFAULT_IMAGE) return;
  const { status } = await askEngine(socket, 'GET', `/images/${encodeURIComponent(image)}/json`, signal);
  if (status === 200) return;
  say(`building the image ${image} (once)`);
  await build({ socket, image, environment, say, signal });
}

async function build({ socket, image, environment, say, signal }: Parts): Promise<void> {
  const bound = AbortSignal.any([signal, AbortSignal.timeout(BUILD_MS)]);
  const child = spawn('docker', ['build', '--tag', image, '--file', DOCKERFILE, CONTEXT], {
    env: { ...environment, DOCKER_HOST: `unix://${socket}` },
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: bound,
  });
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      last.push(oneLine(line));
      if (last.length > LAST_LINES) last.shift();
      // The steps are the progress: "Step 2/6 : RUN …" of the classic builder, "#7 [3/5] RUN …" of BuildKit.
      if (/^(?:Step \d+\/\d+|#\d+ \[)/.test(line)) say(`  ${oneLine(line).slice(0, 160)}`);
    });
  }
  try {
    const [code] = (await once(child, 'close', { signal: bound })) as [number | null];
    if (code !== 0) throw new Error(`docker build ended with ${code ?? 'a signal'}: ${last.join(' | ')}`);
  } catch (error) {
    signal.throwIfAborted();
    const hint = `Build it by hand, with "docker build --tag ${image} --file deploy/images/sandbox.Dockerfile .", or name another image (glibc and git) with --image. Where no image can be pulled, deploy/airgap makes the base.`;
    throw new Failure(`the image ${image} is missing and could not be built: ${wordsOf(error)}`, {
      hint,
      cause: error,
    });
  }
}

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
