import { type Assignment, SANDBOX_MARK } from '@roundhouse/contracts';
import type { AgentFiles } from './agent-files.ts';

export interface EnvironmentOrder {
  /** What of the runner's own environment agents get: the allow-list of config.ts. */
  readonly inherited: Readonly<Record<string, string>>;
  readonly mark: string;
  readonly folder: string;
  readonly files: AgentFiles;
  readonly coordinatorUrl: string;
  readonly proxyUrl: string | null;
  readonly isolated: boolean;
  readonly assignment: Assignment;
}

/** In a container nobody has a name in /etc/passwd, and programs then ask the environment. */
const NAMELESS_USER = { USER: 'agent', LOGNAME: 'agent', TMPDIR: '/tmp' };

/** As curl, git, npm and Python read it, in both spellings; the sandbox's own doors are not behind it. */
function behindProxy(url: string): Record<string, string> {
  const direct = '127.0.0.1,localhost,::1';
  return {
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    http_proxy: url,
    https_proxy: url,
    NO_PROXY: direct,
    no_proxy: direct,
    // Node itself heeds them only when it is told to (22.21, 24.5 and newer).
    NODE_USE_ENV_PROXY: '1',
  };
}

/**
 * The environment of an agent. Git is told everything through it, so that nothing of ours stands in the worktree: who
 * commits, and the header that lets `git fetch origin` read the hub (that token may read it and no more).
 */
export function agentEnvironment(order: EnvironmentOrder): Record<string, string> {
  const { inherited, mark, folder, files, coordinatorUrl, proxyUrl, isolated, assignment } = order;
  const { author } = assignment;
  const git: [string, string][] = [
    [`http.${coordinatorUrl}/.extraHeader`, `Authorization: Bearer ${assignment.subtaskToken}`],
    ['commit.gpgSign', 'false'],
    ['tag.gpgSign', 'false'],
  ];
  return {
    ...(isolated ? NAMELESS_USER : {}),
    ...inherited,
    ...(proxyUrl === null ? {} : behindProxy(proxyUrl)),
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    HOME: files.home,
    [SANDBOX_MARK]: mark,
    ROUNDHOUSE_TASK_ID: assignment.taskId,
    ROUNDHOUSE_MCP_CONFIG: files.mcpConfig,
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_COMMITTER_NAME: author.name,
    GIT_COMMITTER_EMAIL: author.email,
    GIT_TERMINAL_PROMPT: '0',
    // A worktree whose .git is gone must not be taken for a part of whatever repository lies above it.
    GIT_CEILING_DIRECTORIES: folder,
    GIT_CONFIG_COUNT: String(git.length),
    ...Object.fromEntries(
      git.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
  };
}
