import { z } from 'zod';
import { AgentSpec } from './agent.ts';
import { Instant, Uuid } from './ids.ts';

/** A git repository that the service works on, through its bare hub. */
export const Project = z
  .object({
    id: Uuid,
    name: z.string(),
    source: z.string().nullable().describe('The repository that the hub was filled from.'),
    defaultBranch: z.string(),
    defaultAgent: AgentSpec,
    gitUrl: z.string().describe('The hub as an ordinary git remote; the password is an operator token.'),
    createdAt: Instant,
  })
  .meta({ id: 'Project' });
export type Project = z.infer<typeof Project>;

/** Who owns sub-tasks: an agent over MCP, or a person. */
export const Coordinator = z
  .object({ id: Uuid, name: z.string(), projectId: Uuid, createdAt: Instant })
  .meta({ id: 'Coordinator' });
export type Coordinator = z.infer<typeof Coordinator>;
