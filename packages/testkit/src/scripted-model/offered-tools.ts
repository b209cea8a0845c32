import type { OfferedTool } from './conversation.ts';

/** A call in the program's own words. */
export interface NamedCall {
  readonly tool: OfferedTool;
  readonly args: object;
}

/** The tool of that name as the program calls it: by its own name, or behind that of its MCP server. */
export const offeredTool = (name: string, offered: readonly OfferedTool[]): OfferedTool | undefined =>
  offered.find((tool) => tool.name === name) ??
  offered.find((tool) => tool.name.endsWith(`__${name}`)) ??
  offered.find((tool) => tool.name.endsWith(`_${name}`)) ??
  offered.find((tool) => tool.name.endsWith(`-${name}`));

/** Each program's tool for the shell, with its words for a command. */
const SHELLS: Readonly<Record<string, (command: string, outside: boolean) => object>> = {
  Bash: (command) => ({ command, description: 'a command of the script' }),
  exec_command: (cmd, outside) => ({
    cmd,
    ...(outside ? { sandbox_permissions: 'require_escalated', justification: 'May I run this?' } : {}),
  }),
  run_shell_command: (command) => ({ command, description: 'a command of the script' }),
  bash: (command) => ({ command, description: 'a command of the script' }),
};

export function offeredShell(
  { shell, outside = false }: { readonly shell: string; readonly outside?: boolean },
  offered: readonly OfferedTool[],
): NamedCall | undefined {
  const tool = offered.find(({ name }) => Object.hasOwn(SHELLS, name));
  return tool === undefined ? undefined : { tool, args: SHELLS[tool.name]?.(shell, outside) ?? {} };
}
