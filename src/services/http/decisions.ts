/**
 * Agreement over HTTP: `PUT /agree/KEY` proposes its body and answers with what is chosen, `GET /agree/KEY` answers with
 * what is chosen. A value is text, or JSON where the content type says so; it comes back in the same way.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isId } from '../../../statecharts/actor.ts';
import type { Decisions } from '../agreement/decisions.ts';
import { DecisionValueError } from '../agreement/errors.ts';
import { exactJsonOf, type Json } from '../agreement/json.ts';
import { takes } from './parameters.ts';
import { HttpRequestError } from './problems.ts';

interface Asked {
  readonly Params: { readonly '*': string };
  readonly Querystring: { readonly acceptors?: string | readonly string[] };
}

/** Nothing may be chosen, which no waiting tells from acceptors that are slow: who asks can ask again. */
const learnDeadlineMs = 1_000;

/** Adds `PUT` and `GET /agree/KEY`. */
export function addDecisionRoutes(app: FastifyInstance, decisions: Decisions, deadlineMs: number): void {
  app.put<Asked>('/agree/*', { onRequest: takes('acceptors') }, async (request, reply) => {
    const key = request.params['*'];
    return answered(reply, await decisions.agree(key, proposedIn(request), { deadlineMs, ...acceptorsOf(request) }));
  });
  app.get<Asked>('/agree/*', { onRequest: takes('acceptors') }, async (request, reply) => {
    const key = request.params['*'];
    const waitMs = Math.min(deadlineMs, learnDeadlineMs);
    const chosen = await decisions.learn(key, { deadlineMs: waitMs, ...acceptorsOf(request) });
    if (chosen !== undefined) return answered(reply, chosen);
    throw new HttpRequestError(
      404,
      'NOT_KNOWN_TO_BE_CHOSEN',
      `no value of '${key}' is known to be chosen, after ${waitMs} ms`,
      'propose one with PUT, or ask again where one was proposed',
    );
  });
}

function acceptorsOf({ query }: { readonly query: Asked['Querystring'] }): { readonly acceptors?: readonly string[] } {
  const { acceptors } = query;
  if (acceptors === undefined) return {};
  const ids = typeof acceptors === 'string' ? acceptors.split(',') : acceptors;
  if (typeof acceptors === 'string' && ids.every(isId)) return { acceptors: ids };
  throw new HttpRequestError(
    400,
    'MALFORMED_REQUEST',
    `expected the ids of nodes in ?acceptors, once, got '${ids.join()}'`,
    'name one or more nodes, each once, in ?acceptors=n1,n2,n3',
  );
}

function proposedIn({ body, headers }: Pick<FastifyRequest, 'body' | 'headers'>): Json {
  const text = body instanceof Uint8Array ? textOf(body) : '';
  return isJson(headers['content-type']) ? exactJsonOf(text.replace(/^\ufeff/, '')) : text;
}

function textOf(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch (cause) {
    throw new DecisionValueError('expected a value of UTF-8 text, got other bytes; encode them', { cause });
  }
}

const isJson = (contentType: string | undefined): boolean => /^application\/json\b/i.test(contentType ?? '');

const answered = (reply: FastifyReply, value: Json): FastifyReply =>
  typeof value === 'string'
    ? reply.header('cache-control', 'no-store').type('text/plain; charset=utf-8').send(value)
    : reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(JSON.stringify(value));
