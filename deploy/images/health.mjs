// health.mjs TARGET: exits 0 where an HTTP GET is answered with a success within 4 s. A target is a URL, or
// unix:<socket>:<path>. It is what the images' health checks run: no image has curl.
import { get } from 'node:http';

const [target = ''] = process.argv.slice(2);
const [, socketPath, path] = /^unix:([^:]+):(\/.*)$/.exec(target) ?? [];
const options = { signal: AbortSignal.timeout(4_000), headers: { host: 'localhost' } };
const request = socketPath === undefined ? get(target, options) : get({ ...options, socketPath, path });

request.on('response', (response) => {
  response.resume();
  const isWell = response.statusCode !== undefined && response.statusCode < 300;
  if (!isWell) process.stderr.write(`${target} answered ${response.statusCode}\n`);
  process.exitCode = isWell ? 0 : 1;
});
request.on('error', (error) => {
  process.stderr.write(`${target}: ${error.message}\n`);
  process.exitCode = 1;
});
