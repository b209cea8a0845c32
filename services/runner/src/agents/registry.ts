import type { AgentKind, AgentSpec } from '@roundhouse/contracts';
import type { AgentAdapter } from '../ports.ts';
import { claude } from './claude.ts';
import { codex } from './codex.ts';
import { command } from './command.ts';
import { copilot } from './copilot.ts';
import { gemini } from './gemini.ts';
import { opencode } from './opencode.ts';
import { scripted } from './scripted.ts';

type Registry = { readonly [K in AgentKind]: AgentAdapter<Extract<AgentSpec, { kind: K }>> };

/** Every kind of agent: a literal, so that a kind without an adapter does not compile. */
export const AGENTS: Registry = { scripted, command, claude, codex, gemini, opencode, copilot };

export const adapterOf = (spec: AgentSpec): AgentAdapter => AGENTS[spec.kind];
