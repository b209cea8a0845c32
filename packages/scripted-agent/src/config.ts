/** The one place that reads the environment: where the MCP configuration lies, or null where there is none. */
export function readConfig(environment: NodeJS.ProcessEnv): { readonly mcpConfig: string | null } {
  const mcpConfig = environment['ROUNDHOUSE_MCP_CONFIG'] ?? '';
  return { mcpConfig: mcpConfig === '' ? null : mcpConfig };
}
