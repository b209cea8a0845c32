import { once } from 'node:events';
import { LEASE, LINK_PATH, LINK_PROTOCOL } from '@roundhouse/contracts';
import { WebSocket } from 'ws';
import { monotonicMs } from '../statistics.mjs';

const COMMIT = 'c0ffee'.padEnd(40, '0');

/** @typedef {import('@roundhouse/contracts').ApiClient} ApiClient */

/**
 * A runner with a real link and no agent behind it: it takes every prompt at once, and says that it has pushed when it is
 * to. It lives for as long as it renews its lease.
 */
export class SimulatedRunner {
  /** The instant (`monotonicMs`) at which it last said that its work is pushed. */
  publishedAt = 0;
  #seq = 0;
  /** @type {Set<string>} */
  #done = new Set();
  /** @type {() => void} */
  #idle = () => undefined;
  #acknowledged = 0;

  /**
   * @param {WebSocket} socket
   * @param {import('@roundhouse/contracts').Assignment} assignment
   */
  constructor(socket, assignment) {
    this.socket = socket;
    this.assignment = assignment;
    socket.on('message', (/** @type {Buffer} */ data) => this.#hear(JSON.parse(data.toString('utf8'))));
    socket.on('error', () => undefined);
    this.beating = setInterval(() => this.#send({ type: 'heartbeat' }), LEASE.renewMs);
  }

  /**
   * @param {string} url
   * @param {ApiClient} launcher
   * @param {string} taskId
   */
  static async start(url, launcher, taskId) {
    const { runnerToken, assignment } = await launcher.call('claimAttempt', { taskId, attempt: 1 });
    const socket = new WebSocket(`${url.replace('http', 'ws')}${LINK_PATH}`, LINK_PROTOCOL, {
      headers: { authorization: `Bearer ${runnerToken}` },
    });
    const runner = new SimulatedRunner(socket, assignment);
    await once(socket, 'open');
    await runner.settled();
    return runner;
  }

  /** Resolves when it has taken a prompt and everything that it said is acknowledged. */
  settled() {
    return new Promise((resolve) => (this.#idle = () => resolve(undefined)));
  }

  /** What its agent sends with every call. */
  get agentHeaders() {
    const { subtaskToken, doneToken } = this.assignment;
    return { authorization: `Bearer ${subtaskToken}`, 'x-done-token': doneToken };
  }

  async stop() {
    clearInterval(this.beating);
    const closed = once(this.socket, 'close');
    this.socket.close();
    await closed;
  }

  /** @param {any} message */
  #hear(message) {
    if (message.type === 'ack') {
      this.#acknowledged = message.eventSeq;
      if (this.#acknowledged === this.#seq) this.#idle();
    }
    if (message.desired === undefined) return;
    const { prompts, publish } = message.desired;
    for (const { id } of prompts) this.#once(id, { type: 'prompt', promptId: id, state: 'accepted' });
    if (publish === null || this.#done.has(publish.id)) return;
    this.publishedAt = monotonicMs();
    this.#once(publish.id, { type: 'published', publishId: publish.id, commit: COMMIT, dirty: [], untracked: [] });
  }

  /** @param {string} id @param {object} event */
  #once(id, event) {
    if (this.#done.has(id)) return;
    this.#done.add(id);
    this.#seq += 1;
    this.#send({ type: 'event', seq: this.#seq, event });
  }

  /** @param {object} message */
  #send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }
}
