import { z } from 'zod';
import { Budget, MaxRunning, NO_BUDGET } from './admission.ts';
import { AgentSpec } from './agent.ts';
import { Instant, Uuid } from './ids.ts';
import { ImageName } from './image.ts';
import { DEFAULT_LIMITS, Limits } from './limits.ts';
import { DEFAULT_NOTIFICATION_SETTINGS, NotificationSettings } from './notification.ts';

/** In whose name the agents of a project commit: the person's who runs them, not ours. */
export const Author = z.object({
  name: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^<>\n\0]+$/),
  email: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^<>\s\0]+$/),
});
export type Author = z.infer<typeof Author>;

/** Where nobody is named. */
export const DEFAULT_AUTHOR: Author = { name: 'Agent', email: 'agent@localhost' };

/** A git repository that the service works on, through its bare hub. */
export const Project = z
  .object({
    id: Uuid,
    name: z.string(),
    source: z.string().nullable().describe('The repository that the hub was filled from; null: it is pushed to.'),
    defaultBranch: z.string(),
    defaultAgent: AgentSpec,
    author: Author,
    image: ImageName.nullable().default(null).describe('The image of its sandboxes; null: the launcher’s own.'),
    limits: Limits.default(DEFAULT_LIMITS).describe('What its tasks may use unless they say otherwise.'),
    gitUrl: z.string().describe('The hub as an ordinary git remote; the password is an operator token.'),
    createdAt: Instant,
  })
  .meta({ id: 'Project' });
export type Project = z.infer<typeof Project>;

/** Who owns sub-tasks: an agent over MCP, or a person. */
export const Coordinator = z
  .object({
    id: Uuid,
    name: z.string(),
    projectId: Uuid,
    createdAt: Instant,
    maxRunning: MaxRunning.nullable()
      .default(null)
      .describe('How many of its tasks may run at once; null: no limit of its own.'),
    paused: z
      .object({ at: Instant, by: z.enum(['operator', 'coordinator']) })
      .nullable()
      .default(null)
      .describe('While it is paused none of its tasks is started; those that run go on.'),
    budget: Budget.default(NO_BUDGET),
    notifications: NotificationSettings.default(DEFAULT_NOTIFICATION_SETTINGS),
    hostTaskId: Uuid.nullable().default(null).describe('The task whose agent it is; null: it connects from outside.'),
  })
  .meta({ id: 'Coordinator' });
export type Coordinator = z.infer<typeof Coordinator>;
