import { connect } from 'node:net';
import {
  type CoordinatorMessage,
  LINK_FENCED,
  LINK_PROTOCOL,
  LINK_PROTOCOL_ERROR,
  type RunnerMessage,
} from '@roundhouse/contracts';
import WebSocket from 'ws';
import { decode, encode } from './wire.ts';

/** How one connection ended. `again`: dial again; the others end the link for good. */
export type SocketEnd = { readonly kind: 'again' | 'fenced' | 'broken'; readonly reason: string };

export interface SocketListener {
  onMessage(message: CoordinatorMessage): void;
}

export interface LinkAddress {
  readonly url: string;
  /** The Unix socket to dial in the place of the address's host. */
  readonly door: string | null;
  readonly token: string;
}

/** The largest frame taken: 32 queued prompts of 64 KiB, escaped. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;
const DIAL_MS = 5_000;
/** Refusals that no second try changes: the token is no longer good. */
const REFUSED = new Set([401, 403, 410]);

/** One WebSocket connection: opens, speaks the protocol's frames, ends once. */
export class LinkSocket {
  readonly ended: Promise<SocketEnd>;
  readonly #socket: WebSocket;

  constructor({ url, door, token }: LinkAddress, listener: SocketListener) {
    const socket = new WebSocket(url, LINK_PROTOCOL, {
      ...(door === null ? {} : { createConnection: () => connect(door) }),
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: DIAL_MS,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
    });
    this.#socket = socket;
    this.ended = new Promise((resolve) => {
      socket.on('unexpected-response', (request, response) => {
        const status = response.statusCode ?? 0;
        response.resume();
        request.destroy();
        resolve({
          kind: REFUSED.has(status) ? 'fenced' : 'again',
          reason: `the link was answered with HTTP ${status}`,
        });
      });
      socket.on('error', (error) => resolve({ kind: 'again', reason: error.message }));
      socket.on('close', (code) => resolve(endOf(code)));
      socket.on('message', (data, isBinary) => {
        const message = decode(data, isBinary);
        if (message !== null) return listener.onMessage(message);
        resolve({ kind: 'broken', reason: 'the coordinator sent a message that the protocol does not know' });
        socket.close(LINK_PROTOCOL_ERROR);
      });
    });
  }

  send(message: RunnerMessage): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(encode(message));
  }

  close(): void {
    this.#socket.close(1000);
  }

  /** For a peer that does not answer: a close handshake would wait for it. */
  terminate(): void {
    this.#socket.terminate();
  }
}

function endOf(code: number): SocketEnd {
  if (code === LINK_FENCED) return { kind: 'fenced', reason: 'a newer attempt owns the task, or this one is over' };
  if (code === LINK_PROTOCOL_ERROR) return { kind: 'broken', reason: 'the coordinator did not understand a message' };
  return { kind: 'again', reason: `the connection closed with code ${code}` };
}
