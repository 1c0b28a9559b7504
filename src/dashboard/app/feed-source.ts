/**
 * Where the page gets its feed from. Whoever opens the page of a cluster that runs has a token, and gets the feed over a
 * WebSocket at `feed`; without one, the page asks for a recording at `recording.json`. Both paths are relative to the page. A
 * connection that breaks is made again, and the page says so meanwhile.
 */

import type { FaultOrder } from '../feed.ts';
import { type ReadItems, readItems, readRecording } from '../model/read-items.ts';
import { addressOf, later } from './browser.ts';

/** How it stands with the feed. */
export type FeedStatus =
  | { readonly state: 'connecting' }
  /** Items come as they happen. */
  | { readonly state: 'live' }
  /** All has been told; there will be no more. */
  | { readonly state: 'whole' }
  /** The connection is gone, and asked for again. */
  | { readonly state: 'reconnecting'; readonly inMs: number; readonly attempt: number }
  | { readonly state: 'failed'; readonly why: string };

/** What hears a feed. */
export interface FeedListener {
  take(read: ReadItems): void;
  turn(status: FeedStatus): void;
}

/** A feed, from anywhere: a server, a file, or what runs in the page itself. */
export interface FeedSource {
  /** Whether it ends: then all of it is kept, where what goes on for hours loses its beginning. */
  readonly isBounded: boolean;
  /** Begins to tell. @returns what ends that */
  start(listener: FeedListener): () => void;
  /** Orders a fault; left out where none can be. @returns undefined once it is done, or why it is not */
  order?(fault: FaultOrder): Promise<string | undefined>;
}

const firstDelayMs = 250;
const maxDelayMs = 8_000;

/** The feed of the server that the page came from. @param token what a server of a cluster that runs has given */
export const serverFeed = (token: string | undefined): FeedSource =>
  token === undefined
    ? { isBounded: true, start: recordedFeed }
    : {
        isBounded: false,
        start: (listener) => socketFeed(listener, token),
        order: (fault) => orderFault(fault, token),
      };

function recordedFeed(listener: FeedListener): () => void {
  let isStopped = false;
  listener.turn({ state: 'connecting' });
  fetchRecording().then((recording) => {
    if (isStopped) return;
    if (typeof recording === 'string') {
      listener.turn({ state: 'failed', why: recording });
      return;
    }
    listener.take(recording);
    listener.turn({ state: 'whole' });
  });
  return () => {
    isStopped = true;
  };
}

const noFeed = 'nothing to show here: open the URL that was printed, with its token';

/** @returns why there is none, where there is none */
async function fetchRecording(): Promise<ReadItems | string> {
  try {
    const answer = await fetch(addressOf('recording.json'));
    if (!answer.ok) return noFeed;
    const read: unknown = await answer.json();
    return readRecording(read) ?? 'this is no recording of version 1; make it anew with this version';
  } catch {
    return noFeed;
  }
}

function socketFeed(listener: FeedListener, token: string): () => void {
  const url = addressOf('feed', { token });
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  let attempt = 0;
  listener.turn({ state: 'connecting' });
  let cancel = (): void => undefined;
  const connect = (): void => {
    const socket = new WebSocket(url);
    socket.addEventListener('open', () => {
      attempt = 0;
      listener.turn({ state: 'live' });
    });
    socket.addEventListener('message', ({ data }) => listener.take(readText(data)));
    const lost = (): void => {
      const inMs = Math.min(firstDelayMs * 2 ** attempt, maxDelayMs);
      attempt += 1;
      listener.turn({ state: 'reconnecting', inMs, attempt });
      cancel = later(connect, inMs);
    };
    socket.addEventListener('close', lost);
    cancel = () => {
      socket.removeEventListener('close', lost);
      socket.close();
    };
  };
  connect();
  return () => cancel();
}

function readText(data: unknown): ReadItems {
  try {
    return readItems(JSON.parse(String(data)));
  } catch {
    return { items: [], refused: 1 };
  }
}

async function orderFault(fault: FaultOrder, token: string): Promise<string | undefined> {
  try {
    const answer = await fetch(addressOf('faults'), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(fault),
    });
    if (answer.ok) return undefined;
    return (await answer.text()) || `the server answered ${answer.status}`;
  } catch {
    return 'the server does not answer';
  }
}
