/**
 * Knowing where the primary is: proxies and clients follow all managers of a group at once, so that the first one that knows
 * of a change is heard, and none of them is needed.
 */

import { concatMap, defer, merge, Observable, retry, tap } from 'rxjs';
import * as v from 'valibot';
import { canonicalKey } from '../../../../statecharts/actor.ts';
import { isLater, type Topology, topology } from '../../../../statecharts/failover/topology.ts';
import { type Clock, systemClock } from '../../../environment/clock.ts';
import { ManagerNewsError, ManagersNamedError } from './errors.ts';
import { createEventReader, EventSizeError } from './events.ts';

/** What a manager answers: a stream of events where it is `ok`. */
export interface ManagerAnswer {
  readonly ok: boolean;
  readonly status: number;
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** Asks a manager. Resolves with the head of its answer; `signal` ends it, also while its body is read. */
export type AskManager = (
  url: string,
  how: { readonly headers: Readonly<Record<string, string>>; readonly signal: AbortSignal },
) => Promise<ManagerAnswer>;

/** Whom to follow, and how. */
export interface FollowTopologyOptions {
  /** Where managers serve HTTP, like `http://127.0.0.1:7201`: 1 to 16, each once. */
  readonly managers: readonly string[];
  /** The group that they manage. Default: that of the first topology that comes. */
  readonly group?: string;
  /** What lets clients of other machines ask (`quorate secret http`). */
  readonly token?: string;
  /** How managers are asked. Default `fetch`, which believes those authorities of certificates that this machine does. */
  readonly ask?: AskManager;
  /** How long to wait before a manager is asked again, in milliseconds. Default 250. */
  readonly retryMs?: number;
  /** A connection on which nothing came for so long is given up, in milliseconds. Default 5,000; managers say something each second. */
  readonly silenceMs?: number;
  /**
   * Whether what is known is told again whenever a manager that knows it says that its connection stands, so that its age is
   * known, too. Default false.
   */
  readonly repeats?: boolean;
  /** Hears why nothing is learned from a manager for the moment: once for each attempt. */
  readonly report?: (error: ManagerNewsError) => void;
  /** Default the system's. */
  readonly clock?: Clock;
}

const managersLimit = 16;

/** More than a topology of the largest group takes. */
const eventSizeLimit = 256 * 1_024;

/**
 * Follows the topology of a group for as long as it is subscribed to: what is known first, then whatever is later, and how far
 * standbys are behind as that changes. What a manager tells late is left out, so revisions only grow in an epoch. It never completes, and never errs: a manager that is not
 * reached, or tells nonsense, is asked again. Each subscription has connections of its own.
 *
 * @throws ManagersNamedError when managers are named that cannot be asked
 *
 * @example
 * followTopology({ managers: ['http://127.0.0.1:7201', 'http://127.0.0.1:7202'] }).subscribe(({ primary }) => {
 *   console.log(primary === null ? 'no primary now' : `${primary.host}:${primary.port}`);
 * });
 */
export function followTopology(options: FollowTopologyOptions): Observable<Topology> {
  const { managers, retryMs = 250, repeats = false, report = () => undefined, clock = systemClock() } = options;
  const sources = sourcesOf(managers);
  return defer(() => {
    let known: Topology | undefined;
    let { group } = options;
    return merge(
      ...sources.map((manager) =>
        watchManager(manager, { ...options, clock }).pipe(
          tap((next) => {
            group ??= next.group;
            if (next.group === group) return;
            throw new ManagerNewsError(
              'OTHER_GROUP',
              manager,
              `expected a manager of group '${group}', got one of '${next.group}'; name managers of one group`,
            );
          }),
          retry({
            delay(error) {
              if (!(error instanceof ManagerNewsError)) throw error;
              report(error);
              return after(clock, retryMs);
            },
          }),
        ),
      ),
    ).pipe(
      concatMap((next): readonly Topology[] => {
        const before = known;
        if (!isLater(before, next) && !isOfSame(before, next)) return [];
        known = before !== undefined && isOfSame(before, next) && !isMeasured(next) ? before : next;
        return repeats || before === undefined || canonicalKey(known) !== canonicalKey(before) ? [known] : [];
      }),
    );
  });
}

/** Whether both were taken of one standing. */
const isOfSame = (known: Topology | undefined, next: Topology): boolean =>
  known?.group === next.group && known.revision === next.revision && known.mark?.epoch === next.mark?.epoch;

/** Only the manager in office knows how far standbys are behind; what others tell of the same standing says less. */
const isMeasured = ({ standbys }: Topology): boolean => standbys.some(({ lagBytes }) => lagBytes !== null);

/** @throws ManagersNamedError */
function sourcesOf(managers: readonly string[]): readonly string[] {
  const wrong = managers.find((url) => !URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol));
  if (wrong !== undefined) {
    throw new ManagersNamedError(`expected a manager's URL, like http://127.0.0.1:7201, got '${wrong}'`);
  }
  const origins = [...new Set(managers.map((url) => new URL(url).origin))];
  if (origins.length === 0 || origins.length > managersLimit || origins.length < managers.length) {
    throw new ManagersNamedError(
      `expected 1 to ${managersLimit} managers, each once, got ${managers.join(', ') || 'none'}`,
    );
  }
  return origins;
}

const askPlainly: AskManager = (url, how) => fetch(url, { ...how, redirect: 'error' });

type WatchOptions = Pick<FollowTopologyOptions, 'token' | 'ask' | 'silenceMs' | 'repeats'> & { readonly clock: Clock };

/** What one manager tells over one connection; errs with ManagerNewsError as that ends. */
const watchManager = (
  manager: string,
  { token, ask = askPlainly, silenceMs = 5_000, repeats = false, clock }: WatchOptions,
): Observable<Topology> =>
  new Observable((subscriber) => {
    const ending = new AbortController();
    const expectNews = () =>
      clock.setTimeout(
        () =>
          ending.abort(
            new ManagerNewsError('MANAGER_SILENT', manager, `nothing came for ${silenceMs} ms; look at its machine`),
          ),
        silenceMs,
      );
    let silence = expectNews();
    const heard = (): void => {
      clock.clearTimeout(silence);
      silence = expectNews();
    };
    const follow = async (): Promise<void> => {
      const response = await ask(`${manager}/topology?watch`, {
        signal: ending.signal,
        headers: { accept: 'text/event-stream', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      });
      if (!response.ok || response.body === null) throw refusalOf(manager, response);
      const text = new TextDecoder();
      const read = createEventReader(eventSizeLimit);
      let last: Topology | undefined;
      for await (const bytes of response.body) {
        // What was read before it was let go of must not have the connection watched again.
        if (subscriber.closed) return;
        heard();
        const news = read(text.decode(bytes, { stream: true })).map((data) => topologyIn(manager, data));
        for (const next of news) subscriber.next(next);
        if (repeats && news.length === 0 && last !== undefined) subscriber.next(last);
        last = news.at(-1) ?? last;
      }
      throw new ManagerNewsError('MANAGER_UNREACHABLE', manager, 'it has ended the connection');
    };
    follow().catch((error) => subscriber.error(newsErrorOf(manager, error)));
    return () => {
      clock.clearTimeout(silence);
      ending.abort();
    };
  });

/** What its refusal says. Its body, which may be of any size, ends unread with the connection. */
function refusalOf(manager: string, { status }: ManagerAnswer): ManagerNewsError {
  return new ManagerNewsError(
    'MANAGER_REFUSES',
    manager,
    status === 401
      ? 'it expects a token; give the one that this prints: quorate secret http --secret-file FILE'
      : `it answers ${status}; expected a manager that runs quorate failover`,
  );
}

/** @throws ManagerNewsError */
function topologyIn(manager: string, data: string): Topology {
  const { success, output, issues } = v.safeParse(v.pipe(v.string(), v.parseJson(), topology), data);
  if (success) return output;
  const [issue] = issues;
  throw new ManagerNewsError(
    'TOPOLOGY_MALFORMED',
    manager,
    `expected a topology, got a wrong ${v.getDotPath(issue) ?? 'event'}: ${issue.message}`,
  );
}

function newsErrorOf(manager: string, error: unknown): ManagerNewsError {
  if (error instanceof ManagerNewsError) return error;
  if (error instanceof EventSizeError) {
    return new ManagerNewsError('TOPOLOGY_MALFORMED', manager, error.message, { cause: error });
  }
  const { cause } = error instanceof Error ? error : {};
  const problem = cause instanceof Error ? cause.message : String(error);
  return new ManagerNewsError('MANAGER_UNREACHABLE', manager, `no connection: ${problem}`, { cause: error });
}

const after = (clock: Clock, ms: number): Observable<void> =>
  new Observable((subscriber) => {
    const timeout = clock.setTimeout(() => subscriber.next(), ms);
    return () => clock.clearTimeout(timeout);
  });
