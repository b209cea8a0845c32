/**
 * Loaded into a service before it starts (`--import`, with `--expose-gc`): asked over the channel, it answers what the process
 * holds once everything that nobody needs is gone.
 */
process.on('message', (/** @type {unknown} */ message) => {
  if (message !== 'memory') return;
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  process.send?.({ type: 'memory', heldBytes: heapUsed + external, rssBytes: rss });
});
