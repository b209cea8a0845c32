import { z } from 'zod';
import { AgentSpec } from '../agent.ts';
import { Uuid } from '../ids.ts';
import { ImageName } from '../image.ts';
import { SomeLimits } from '../limits.ts';
import { listPage, NextCursor } from '../list-page.ts';
import { BranchName, Label } from '../names.ts';
import { operation } from '../operation.ts';
import { Author, Coordinator, DEFAULT_AUTHOR, Project } from '../project.ts';
import { Identity, TokenInfo } from '../token.ts';

/** Of projects, coordinators and tokens there are few. */
const FEW = listPage({ max: 200, usual: 100 });

export const createProject = operation({
  name: 'createProject',
  method: 'POST',
  path: '/api/projects',
  tag: 'projects',
  summary: 'Add a project',
  description:
    'Fills a bare hub from a git repository on this machine. The repository itself is only read, never changed. The same path again answers the same project, whose hub takes what the repository has by now, wherever that is a fast-forward. Without a path the hub is empty: push to its address. The same name again answers the same project then.',
  effect: 'write',
  status: 201,
  input: z.object({
    name: Label.optional(),
    path: z
      .string()
      .min(1)
      .max(4_096)
      .optional()
      .describe('Absolute path of a git repository; without it, name is needed and the hub is pushed to.'),
    defaultBranch: BranchName.optional(),
    defaultAgent: AgentSpec.default({ kind: 'scripted' }),
    author: Author.default(DEFAULT_AUTHOR).describe('In whose name the agents commit.'),
    image: ImageName.optional().describe('The container image of its sandboxes (glibc and git).'),
    limits: SomeLimits.optional().describe('What differs from the defaults for its tasks.'),
  }),
  output: Project,
  errors: ['project_unreadable', 'project_empty', 'branch_not_found', 'git_failed'],
});

export const listProjects = operation({
  name: 'listProjects',
  method: 'GET',
  path: '/api/projects',
  tag: 'projects',
  summary: 'List projects',
  description: 'All projects, oldest first, by pages; for a coordinator its own.',
  effect: 'read',
  input: z.object(FEW),
  output: z.object({ projects: z.array(Project), nextCursor: NextCursor }),
  errors: ['cursor_invalid'],
});

export const createCoordinator = operation({
  name: 'createCoordinator',
  method: 'POST',
  path: '/api/coordinators',
  tag: 'coordinators',
  summary: 'Create a coordinator',
  description: 'Makes an owner of sub-tasks with a token of its own. The token is shown this once.',
  effect: 'write',
  status: 201,
  input: z.object({ name: Label, projectId: Uuid }),
  secret: true,
  output: z.object({ coordinator: Coordinator, token: z.string() }),
  errors: ['project_not_found'],
});

export const listCoordinators = operation({
  name: 'listCoordinators',
  method: 'GET',
  path: '/api/coordinators',
  tag: 'coordinators',
  summary: 'List coordinators',
  description: 'All coordinators, oldest first, by pages.',
  effect: 'read',
  input: z.object(FEW),
  output: z.object({ coordinators: z.array(Coordinator), nextCursor: NextCursor }),
  errors: ['cursor_invalid'],
});

export const createToken = operation({
  name: 'createToken',
  method: 'POST',
  path: '/api/tokens',
  tag: 'tokens',
  summary: 'Create a token',
  description:
    'Makes a token for an operator, a coordinator or a phone. It is shown this once and stored only as a hash.',
  effect: 'write',
  status: 201,
  input: z.object({
    role: z.enum(['operator', 'coordinator', 'mobile']),
    coordinatorId: Uuid.optional().describe('Needed for the role coordinator.'),
    label: Label.default('unnamed'),
    expiresInSeconds: z.int().min(60).max(31_536_000).optional(),
  }),
  secret: true,
  output: z.object({ token: z.string(), info: TokenInfo }),
  errors: ['coordinator_not_found', 'coordinator_required'],
});

export const listTokens = operation({
  name: 'listTokens',
  method: 'GET',
  path: '/api/tokens',
  tag: 'tokens',
  summary: 'List tokens',
  description:
    'Tokens of operators, coordinators and phones, without their secrets, oldest first, by pages. One that is revoked or has expired is listed for a week more.',
  effect: 'read',
  input: z.object(FEW),
  output: z.object({ tokens: z.array(TokenInfo), nextCursor: NextCursor }),
  errors: ['cursor_invalid'],
});

/** How long the old secret of a rotated token may stay good, seconds: a day. */
const MAX_GRACE_SECONDS = 86_400;

export const rotateToken = operation({
  name: 'rotateToken',
  method: 'POST',
  path: '/api/tokens/:id/rotate',
  tag: 'tokens',
  summary: 'Give a token a new secret',
  description:
    'The token keeps its id and what it is bound to. It is shown this once; the secret before is refused at once, or after the grace.',
  effect: 'write',
  secret: true,
  input: z.object({
    id: Uuid,
    graceSeconds: z.int().min(0).max(MAX_GRACE_SECONDS).default(0).describe('How long the old secret stays good.'),
  }),
  output: z.object({ token: z.string(), info: TokenInfo }),
  errors: ['token_not_found', 'token_over', 'token_in_file'],
});

export const revokeToken = operation({
  name: 'revokeToken',
  method: 'DELETE',
  path: '/api/tokens/:id',
  tag: 'tokens',
  summary: 'Revoke a token',
  description: 'From now on the token is refused, and what stands open with it ends. Asked twice, it answers the same.',
  effect: 'destructive',
  input: z.object({ id: Uuid }),
  output: TokenInfo,
  errors: ['token_not_found'],
});

export const whoami = operation({
  name: 'whoami',
  method: 'GET',
  path: '/api/whoami',
  tag: 'service',
  summary: 'Whose token is this?',
  description: 'The identity that the presented token stands for.',
  effect: 'read',
  input: z.object({}),
  output: Identity,
});

export const getHealth = operation({
  name: 'getHealth',
  method: 'GET',
  path: '/api/health',
  tag: 'service',
  summary: 'Is the service well?',
  description: 'Answers 200 when the service and its Redis work, else 503.',
  effect: 'read',
  input: z.object({}),
  output: z.object({
    status: z.literal('ok'),
    version: z.string(),
    redisMs: z.number().describe('A round trip to Redis, milliseconds.'),
  }),
  errors: ['store_unavailable'],
});
