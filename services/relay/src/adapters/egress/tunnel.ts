import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { join } from '../../sockets/join.ts';

/** How long a client that was refused may keep its half of the connection open, milliseconds. */
const FAREWELL_MS = 2_000;

/** Answers a CONNECT and makes one connection of the two. `head` are bytes that came with the request. */
export function openTunnel(near: Socket, far: Socket, head: Buffer, idleMs: number): void {
  near.write('HTTP/1.1 200 Connection Established\r\n\r\n');
  if (head.length > 0) far.write(head);
  join(near, far, { idleMs });
}

/** Answers a CONNECT with an error and one line of text, and ends the connection. */
export function refuseTunnel(near: Socket, status: number, line: string): void {
  const body = `${line}\n`;
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  near.setTimeout(FAREWELL_MS, () => near.destroy());
  near.end(`${headers.join('\r\n')}\r\n\r\n${body}`);
  // Unread bytes would keep the client's end of the connection from being seen.
  near.resume();
}
