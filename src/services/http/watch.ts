/**
 * Changes as server-sent events (HTML Living Standard, §9.2): `GET /watch`, as `curl -N` and an EventSource read it. The id of
 * an event is its revision, so that a browser that connects anew goes on where it was.
 */

import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import type { KeyValueStore, Update } from '../store/key-value/contract.ts';
import { assertSelection, type Selection } from '../store/key-value/selection.ts';
import { takes } from './parameters.ts';
import { answerOf, HttpRequestError } from './problems.ts';
import { toldChange } from './ranges.ts';
import { header, naturalIn, type SelectionQuery, selectionIn } from './reading.ts';

interface WatchRoute {
  Querystring: SelectionQuery & { after?: string };
}

/** So that both sides, and what is between them, see that the connection stands, in milliseconds. */
const commentMs = 5_000;

export interface WatchParts {
  readonly kv: KeyValueStore;
  readonly clock: Clock;
  readonly deadlineMs: number;
  /** Watches at once. */
  readonly limit: number;
}

/** Adds `GET /watch` to `app`. @returns ends all watches */
export function addWatchRoute(app: FastifyInstance, { kv, clock, deadlineMs, limit }: WatchParts): () => void {
  const watches = new Set<AbortController>();
  app.get<WatchRoute>(
    '/watch',
    { onRequest: takes('key', 'prefix', 'from', 'to', 'after') },
    async (request, reply) => {
      const { after = header(request, 'last-event-id'), ...selected } = request.query;
      const selection = selectionIn(selected);
      assertSelection(selection);
      if (watches.size >= limit) {
        throw new HttpRequestError(503, 'WATCHES_LIMIT', `${limit} clients watch already`, 'ask another node');
      }
      const given = after === undefined ? {} : { revision: naturalIn('after', after) };
      const ending = new AbortController();
      watches.add(ending);
      try {
        const now = await kv.revision({ deadlineMs, ...given });
        reply.hijack();
        await tell(reply, clock, kv, selection, given.revision ?? now, ending);
      } finally {
        watches.delete(ending);
      }
    },
  );
  return () => {
    for (const ending of watches) ending.abort();
  };
}

/** Tells updates until one side ends it; asks for the next ones when the reader has taken those before. */
async function tell(
  { raw }: FastifyReply,
  clock: Clock,
  kv: KeyValueStore,
  selection: Selection,
  after: number,
  ending: AbortController,
): Promise<void> {
  const { signal } = ending;
  raw.on('close', () => ending.abort());
  raw.on('error', () => ending.abort());
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'close' });
  raw.write(`: changes after revision ${after}\n\n`);
  let comment: TimeoutHandle = clock.setTimeout(say, commentMs);
  function say(): void {
    // A reader that takes nothing gets no comments either.
    if (!raw.writableNeedDrain) raw.write(':\n\n');
    comment = clock.setTimeout(say, commentMs);
  }
  try {
    for await (const update of kv.updates(selection, { after, signal })) {
      if (!raw.write(eventOf(update))) await drained(raw, signal);
    }
  } catch (error) {
    raw.write(`event: problem\ndata: ${JSON.stringify(answerOf(error).problem)}\n\n`);
  } finally {
    clock.clearTimeout(comment);
    raw.end();
  }
}

const eventOf = ({ revision, changes }: Update): string =>
  `id: ${revision}\ndata: ${JSON.stringify({ revision, changes: changes.map(toldChange) })}\n\n`;

const drained = (raw: FastifyReply['raw'], signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    raw.once('drain', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
