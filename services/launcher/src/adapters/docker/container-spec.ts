import { join } from 'node:path/posix';
import { SANDBOX_MARK, type SandboxLimits } from '@roundhouse/contracts';
import type { ContainerOptions, ImageFacts } from './engine.ts';

/** Paths in a container. */
export const INSIDE = {
  box: '/sandbox',
  tree: '/opt/roundhouse',
  hubObjects: '/opt/hub/objects',
  shallow: '/opt/hub/shallow',
  doors: '/run/roundhouse',
  certificates: '/opt/certificates',
} as const;

export interface Bind {
  /** As the engine sees it. */
  readonly source: string;
  readonly target: string;
}

export interface ContainerOrder {
  readonly image: string;
  readonly imageFacts: Omit<ImageFacts, 'id'>;
  readonly labels: Readonly<Record<string, string>>;
  /** What the runner's processes are marked with. */
  readonly mark: string;
  /** The runner's own arguments. */
  readonly argv: readonly string[];
  readonly user: { readonly uid: number; readonly gid: number };
  readonly limits: SandboxLimits;
  /** The processors that the engine has: it refuses to promise more. */
  readonly engineCpus: number;
  /** The box, as the engine sees it. */
  readonly box: string;
  /** Whether what the launcher mounts into the box later is to be seen in the container. */
  readonly seesMounts: boolean;
  /** Whether something else than this container's own settings holds it to its disk limit. */
  readonly isDiskHeld: boolean;
  /** What it may only read. */
  readonly readOnly: readonly Bind[];
  readonly environment: Readonly<Record<string, string>>;
}

const MIB = 1_048_576;
const MAX_TMP_MB = 1_024;
const MAX_SHM_MB = 64;
/** What shadows an image's own volumes: a place that is there and as good as empty. */
const SHADOW = 'rw,nosuid,nodev,noexec,size=1m,mode=0755';
const MAX_FILES = 16_384;
/** Agents raise their own further, so that out of memory takes them first, the runner then, and the host's last of all. */
const OOM_SCORE = 200;
/** Variables of an image that would change how the runner's own Node starts: a name without a value takes it away. */
const TAKEN_AWAY = ['NODE_OPTIONS', 'NODE_PATH', 'LD_PRELOAD', 'LD_LIBRARY_PATH', 'LD_AUDIT'];

/**
 * The hardened container of a runner: no root, no capability, no new privileges, the engine's own seccomp profile, a root
 * file system that cannot be written, no network, and limits on all that it can use. What is not said here is the
 * engine's default, which the tests look at from inside.
 */
export function containerSpec(order: ContainerOrder): ContainerOptions {
  const { user, limits, image, imageFacts } = order;
  const memory = limits.memoryMb * MIB;
  const tmpMb = Math.min(MAX_TMP_MB, Math.ceil(limits.memoryMb / 4));
  const shmMb = Math.min(MAX_SHM_MB, Math.ceil(limits.memoryMb / 8));
  const ulimits = [
    { Name: 'core', Soft: 0, Hard: 0 },
    { Name: 'nofile', Soft: MAX_FILES, Hard: MAX_FILES },
  ];
  // The next best thing to a disk limit: no single file may be larger.
  if (!order.isDiskHeld) ulimits.push({ Name: 'fsize', Soft: limits.diskMb * MIB, Hard: limits.diskMb * MIB });
  return {
    Image: image,
    Entrypoint: [join(INSIDE.tree, 'bin/node')],
    Cmd: [join(INSIDE.tree, 'services/runner/dist/bundle/main.js'), ...order.argv],
    User: `${user.uid}:${user.gid}`,
    WorkingDir: INSIDE.box,
    Hostname: 'sandbox',
    Env: environment(order),
    Labels: { ...order.labels },
    StopSignal: 'SIGTERM',
    // An image's own would start processes again and again.
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      NetworkMode: 'none',
      Init: true,
      Privileged: false,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: true,
      IpcMode: 'private',
      Memory: memory,
      MemorySwap: memory,
      NanoCpus: Math.round(Math.min(limits.cpus, order.engineCpus) * 1e9),
      PidsLimit: limits.pids,
      ShmSize: shmMb * MIB,
      OomScoreAdj: OOM_SCORE,
      Ulimits: ulimits,
      Tmpfs: {
        ...Object.fromEntries(imageFacts.volumes.filter(isApart).map((path) => [path, SHADOW])),
        '/tmp': `rw,exec,nosuid,nodev,size=${tmpMb}m,mode=1777`,
      },
      Mounts: [
        {
          Type: 'bind',
          Source: order.box,
          Target: INSIDE.box,
          BindOptions: { Propagation: order.seesMounts ? 'rslave' : 'rprivate' },
        },
        ...order.readOnly.map(({ source, target }) => ({
          Type: 'bind' as const,
          Source: source,
          Target: target,
          ReadOnly: true,
        })),
      ],
      LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '2' } },
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
    },
  };
}

/** A volume in a place of ours is covered by ours already. */
function isApart(path: string): boolean {
  return ['/tmp', ...Object.values(INSIDE)].every((ours) => path !== ours && !path.startsWith(`${ours}/`));
}

function environment({ environment: ours, imageFacts, mark }: ContainerOrder): string[] {
  const names = new Set(imageFacts.environment.map((entry) => entry.split('=', 1)[0]));
  const values: Record<string, string> = {
    // The locale is the image's business; where it has no opinion, at least characters are characters.
    ...(names.has('LANG') || names.has('LC_ALL') ? {} : { LANG: 'C.UTF-8' }),
    ...ours,
    HOME: INSIDE.box,
    TMPDIR: '/tmp',
    [SANDBOX_MARK]: mark,
  };
  return [...Object.entries(values).map(([name, value]) => `${name}=${value}`), ...TAKEN_AWAY];
}
