/**
 * A request over HTTP or HTTPS, as commands and proxies make them. In place of `fetch`, which takes no authority of one's own
 * without a library beside it.
 */

import { type IncomingMessage, request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { QuorateError } from '../../../statecharts/actor.ts';
import { contextOf, type HostPort } from '../../bus/tcp.ts';
import { messageOf } from '../../environment/message.ts';

export interface HttpRequest {
  readonly at: HostPort;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Whose certificates are believed, PEM; left out, the request is plain HTTP. */
  readonly ca?: string | undefined;
  /** Lists of revoked certificates, as `TlsTrust` has them. */
  readonly crl?: string | undefined;
  /** Ends it, also while the answer is read. */
  readonly signal?: AbortSignal;
  /** Ends it when nothing has come for so long, in milliseconds, also while the answer is read. Left out, it may take for ever. */
  readonly idleMs?: number;
}

/** Resolves when the head of the answer is there; its body is read from it. @throws what the system says where none comes */
export function requestHttp({ at, ca, crl, body, idleMs, ...rest }: HttpRequest): Promise<IncomingMessage> {
  const { host, port } = at;
  // A command asks once or twice, and a proxy for as long as the answer lasts: a connection that stays would only keep its process.
  const options = { ...rest, host, port, agent: false };
  return new Promise((resolve, reject) => {
    const request =
      ca === undefined
        ? requestPlain(options)
        : requestSecure({
            ...options,
            ...contextOf(crl === undefined ? { ca } : { ca, crl }),
            minVersion: 'TLSv1.3' as const,
          });
    request.once('response', resolve);
    request.once('error', reject);
    if (idleMs !== undefined) {
      request.setTimeout(idleMs, () => request.destroy(new Error(`nothing came for ${idleMs} ms`)));
    }
    request.end(body);
  });
}

/** What answers says more than is read as a whole. */
export class AnswerLimitError extends QuorateError {
  readonly code = 'ANSWER_LIMIT';
}

/** Of an answer that is read as a whole. No node says as much; what answers need not be one. */
export const answerLimitBytes = 16 * 1_024 * 1_024;

/** All of an answer's body. @throws AnswerLimitError, and then its connection is ended; what the system says where it ends early */
export async function textOfAnswer(answer: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer) {
    sizeBytes += chunk.length;
    if (sizeBytes > answerLimitBytes) {
      throw new AnswerLimitError(`expected an answer of at most ${answerLimitBytes} bytes, got a longer one`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Whether an answer is of the 200s. */
export const isOk = ({ statusCode = 0 }: IncomingMessage): boolean => statusCode >= 200 && statusCode < 300;

/** Why there is no answer. Node gives no message when it has tried several addresses of one host. */
export function whyOf(cause: unknown): string {
  const message = messageOf(cause);
  return message === '' && cause instanceof Error && 'code' in cause ? String(cause.code) : message;
}
