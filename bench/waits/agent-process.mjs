import { monotonicMs } from '../statistics.mjs';
import { mcpTool } from './mcp-tool.mjs';

/** A sub-task's agent in a process of its own, as it is: asked to signal, it says when it has called, and when it is answered. */
let tool = /** @type {Awaited<ReturnType<typeof mcpTool>> | null} */ (null);
/** @param {any} message */
async function hear(message) {
  if (message.type === 'connect') {
    tool = await mcpTool(message.url, message.headers);
    process.send?.({ type: 'connected' });
  } else {
    const from = monotonicMs();
    await tool?.call('signal_done', {});
    process.send?.({ type: 'answered', from });
  }
}
// What it throws ends the process, and with it the bench.
process.on('message', (message) => void hear(message));
process.once('disconnect', () => process.exit(0));
process.send?.({ type: 'ready', url: '' });
