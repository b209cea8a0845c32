import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROBE = new URL('memory-probe.mjs', import.meta.url).href;
const MAIN = (/** @type {string} */ service) =>
  fileURLToPath(new URL(`../../services/${service}/dist/main.js`, import.meta.url));

/**
 * One service as a process of its own, as `roundhouse up` starts it: it says where it listens, and stops when its leash goes.
 *
 * @param {'coordinator' | 'mcp-gateway'} service
 * @param {Record<string, string>} environment
 */
export const startServiceProcess = (service, environment) => startProcess(MAIN(service), environment);

/** @param {string} main @param {Record<string, string>} environment */
export async function startProcess(main, environment) {
  const child = fork(main, {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: ['--expose-gc', '--import', PROBE],
  });
  const exit = once(child, 'exit');
  const ended = exit.then(([code]) => {
    throw new Error(`${main} ended with ${code}`);
  });
  // Heard where it is waited for; where nobody waits it is the end that was asked for.
  ended.catch(() => undefined);
  const nextWord = async () => (await Promise.race([once(child, 'message'), ended]))[0];
  const message = await nextWord();
  return {
    url: /** @type {string} */ (message.url),
    /** What it holds, bytes, after a collection. @returns {Promise<{ heldBytes: number, rssBytes: number }>} */
    async memory() {
      return await this.ask('memory');
    },
    /** Its next word after this one. @param {import('node:child_process').Serializable} word @returns {Promise<any>} */
    async ask(word) {
      const answered = nextWord();
      child.send(word);
      return await answered;
    },
    async stop() {
      child.disconnect();
      await exit;
    },
  };
}
