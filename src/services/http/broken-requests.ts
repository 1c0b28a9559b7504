/** Answers to what does not read as HTTP: there is no request yet, only a socket. */

import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { answerOf, HttpRequestError } from './problems.ts';

const statuses: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
};

/** Says in JSON, like every other error, what is wrong, and closes the connection. */
export function answerBrokenRequest(error: Error & { readonly code?: string }, socket: Socket): void {
  // Where TLS has failed there is no way to say anything.
  if (error.code === 'ECONNRESET' || /^ERR_(?:SSL|TLS)_/.test(error.code ?? '') || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = statuses[error.code ?? ''] ?? 400;
  const message = `expected an HTTP request, got: ${error.message}`;
  const { problem } = answerOf(new HttpRequestError(status, 'MALFORMED_REQUEST', message, 'mend the request'));
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
