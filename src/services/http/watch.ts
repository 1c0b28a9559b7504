/**
 * Changes as server-sent events (HTML Living Standard, §9.2): `GET /watch`, as `curl -N` and an EventSource read it. The id of
 * an event is its revision, so that a browser that connects anew goes on where it was.
 */

import type { FastifyInstance, FastifyReply } from 'fastify';
import { createPlaces } from '../../bus/tcp/guests/places.ts';
import { placeOf } from '../../bus/tcp/guests/remote.ts';
import type { Clock, TimeoutHandle } from '../../environment/clock.ts';
import type { KeyValueStore, Update } from '../store/key-value/contract.ts';
import { assertSelection, type Selection } from '../store/key-value/selection.ts';
import { type KeyForm, keyFormOf } from './key-forms.ts';
import { takes } from './parameters.ts';
import { answerOf, HttpRequestError } from './problems.ts';
import { toldChange } from './ranges.ts';
import { header, naturalIn, type SelectionQuery, selectionIn } from './reading.ts';
import { createSlowReaders, defaultSlowReaderLimits, type SlowReaderLimits, type SlowReaders } from './slow-readers.ts';

interface WatchRoute {
  Querystring: SelectionQuery & { after?: string; keys?: string };
}

/** So that both sides, and what is between them, see that the connection stands, in milliseconds. */
const commentMs = 5_000;

export interface WatchLimits extends SlowReaderLimits {
  /** Watches at once. Default 1,000. */
  readonly watches: number;
}

export const defaultWatchLimits: WatchLimits = { ...defaultSlowReaderLimits, watches: 1_000 };

export interface WatchParts {
  readonly kv: Pick<KeyValueStore, 'revision' | 'updates'>;
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly limits: WatchLimits;
}

/** One watch. */
interface Telling {
  readonly raw: FastifyReply['raw'];
  readonly form: KeyForm;
  /** Aborted at its end; why, where its reader is to know, is the reason. */
  readonly ending: AbortController;
}

/** Adds `GET /watch` to `app`. @returns ends all watches */
export function addWatchRoute(app: FastifyInstance, parts: WatchParts): () => void {
  const { kv, deadlineMs, limits } = parts;
  const watches = createPlaces<Telling>();
  const readers = createSlowReaders(limits);
  const open = new Set<Telling>();
  /** One place may have all watches until another one wants some. @throws HttpRequestError */
  const makeRoom = (place: string): void => {
    if (watches.size < limits.watches) return;
    const problem = tooMany(limits.watches);
    const leaving = watches.giveWayTo(place);
    if (leaving === undefined) throw problem;
    leaving.ending.abort(problem);
  };
  app.get<WatchRoute>(
    '/watch',
    // Of a watch that tells nothing, neither side would ever see that the other one is gone.
    { onRequest: takes('key', 'prefix', 'from', 'to', 'after', 'keys'), exposeHeadRoute: false },
    async (request, reply) => {
      const { after = header(request, 'last-event-id'), keys: _, ...selected } = request.query;
      const selection = selectionIn(selected);
      assertSelection(selection);
      const given = after === undefined ? {} : { revision: naturalIn('after', after) };
      const place = placeOf(request.socket.remoteAddress);
      makeRoom(place);
      const telling: Telling = { raw: reply.raw, form: keyFormOf(request), ending: new AbortController() };
      // Its reader may be gone before the first question is answered.
      reply.raw.once('close', () => telling.ending.abort());
      watches.add(telling, place);
      open.add(telling);
      try {
        const now = await kv.revision({ deadlineMs, ...given });
        reply.hijack();
        await tell(telling, parts, readers, selection, given.revision ?? now);
      } finally {
        watches.delete(telling);
        open.delete(telling);
      }
    },
  );
  return () => {
    for (const { ending } of open) ending.abort();
  };
}

const tooMany = (limit: number): HttpRequestError =>
  new HttpRequestError(503, 'WATCHES_LIMIT', `${limit} clients watch already`, 'ask another node');

const tooSlow = (stallMs: number): HttpRequestError =>
  new HttpRequestError(
    503,
    'SLOW_WATCH',
    `expected the reader to take what it is told within ${stallMs} ms, and faster where many wait`,
    'watch again from the last revision that was told, or fewer keys',
  );

/** Tells updates until one side ends it; asks for the next ones when the reader has taken those before. */
async function tell(
  { raw, form, ending }: Telling,
  { kv, clock, limits: { watchStallMs } }: WatchParts,
  readers: SlowReaders,
  selection: Selection,
  after: number,
): Promise<void> {
  const { signal } = ending;
  if (raw.destroyed) return;
  readers.begin(raw);
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
      if (raw.write(eventOf(update, form))) continue;
      const taking = await readers.taken(raw, signal);
      if (taking === 'crowded-out') raw.destroy();
      if (taking === 'stalled') throw tooSlow(watchStallMs);
    }
    if (signal.reason instanceof HttpRequestError) throw signal.reason;
  } catch (error) {
    raw.write(`event: problem\ndata: ${JSON.stringify(answerOf(error).problem)}\n\n`);
  } finally {
    clock.clearTimeout(comment);
    raw.end();
    endInTime(raw, clock, watchStallMs);
  }
}

/** Closes a connection whose reader does not take the end of what it is told. */
function endInTime(raw: FastifyReply['raw'], clock: Clock, limitMs: number): void {
  if (raw.closed) return;
  const timeout = clock.setTimeout(() => raw.destroy(), limitMs);
  raw.once('close', () => clock.clearTimeout(timeout));
}

const eventOf = ({ revision, changes }: Update, form: KeyForm): string =>
  `id: ${revision}\ndata: ${JSON.stringify({ revision, changes: changes.map((it) => toldChange(it, form)) })}\n\n`;
