import type { AgentKind, AgentSpec } from '@roundhouse/contracts';
import type { AgentAdapter } from '../ports.ts';
import { command } from './command.ts';
import { scripted } from './scripted.ts';

type Registry = { readonly [K in AgentKind]: AgentAdapter<Extract<AgentSpec, { kind: K }>> };

/** Every kind of agent: a literal, so that a kind without an adapter does not compile. */
const AGENTS: Registry = { scripted, command };

export const adapterOf = (spec: AgentSpec): AgentAdapter => AGENTS[spec.kind];
