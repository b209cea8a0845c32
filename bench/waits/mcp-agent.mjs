import { fileURLToPath } from 'node:url';
import { startProcess } from '../simulated/service-process.mjs';

/**
 * An agent that calls over MCP from a process of its own.
 *
 * @param {string} url of the gateway
 * @param {Record<string, string>} headers
 */
export async function startMcpAgent(url, headers) {
  const agent = await startProcess(fileURLToPath(new URL('agent-process.mjs', import.meta.url)), {});
  await agent.ask({ type: 'connect', url, headers });
  return {
    /** Signals; answers the instant at which it called. @returns {Promise<number>} */
    signal: async () => (await agent.ask({ type: 'signal' })).from,
    stop: () => agent.stop(),
  };
}
