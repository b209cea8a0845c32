import { Agent, request } from 'node:http';

/** Connections stay open, as those of a client do that calls again and again. */
const newAgent = () => new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 2_000 });
let agent = newAgent();

/**
 * One call over plain HTTP, with nothing around it that would be measured as well.
 *
 * @param {string} base
 * @param {'GET' | 'POST'} method
 * @param {string} path
 * @param {Record<string, string>} headers
 * @param {unknown} [body]
 * @returns {Promise<any>} the answer's JSON
 */
export function httpCall(base, method, path, headers, body) {
  const text = body === undefined ? '' : JSON.stringify(body);
  const typed = body === undefined ? headers : { ...headers, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, base), {
      method,
      agent,
      headers: { ...typed, 'content-length': Buffer.byteLength(text) },
    });
    sent.once('error', reject);
    sent.once('response', (response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const answer = Buffer.concat(chunks).toString('utf8');
        if ((response.statusCode ?? 500) < 400) resolve(JSON.parse(answer));
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${answer}`));
      });
    });
    sent.end(text);
  });
}

/** Ends all of them; the next call opens a new one. */
export function endConnections() {
  agent.destroy();
  agent = newAgent();
}
