/**
 * Readers of endless responses that take less than they are told. Each has a time in which it has to take something, and
 * all share the bytes that may wait for them: the one that has kept them waiting for longest is given up first.
 */

import type { ServerResponse } from 'node:http';

export interface SlowReaderLimits {
  /** How long a watch may take nothing of what waits for it, in milliseconds. Default 30,000. */
  readonly watchStallMs: number;
  /** Bytes that wait for all watches together. Default 64 MiB. */
  readonly watchBytes: number;
}

export const defaultSlowReaderLimits: SlowReaderLimits = { watchStallMs: 30_000, watchBytes: 64 * 1_024 * 1_024 };

/** How waiting for a reader ended: it has taken all, or nothing in time, or there was no room to wait, or all is over. */
export type Taking = 'taken' | 'stalled' | 'crowded-out' | 'over';

export interface SlowReaders {
  /** Watches over the reader of `response` from now on. */
  begin(response: ServerResponse): void;
  /** Waits until its reader has taken what was written, or `signal` is aborted. */
  taken(response: ServerResponse, signal: AbortSignal): Promise<Taking>;
}

interface Waiting {
  readonly bytes: number;
  end(taking: Taking): void;
}

export function createSlowReaders({ watchStallMs, watchBytes }: SlowReaderLimits): SlowReaders {
  /** Whoever waits for longest comes first. */
  const all = new Set<Waiting>();
  let bytes = 0;
  return {
    begin(response) {
      // The time-out of a socket is put off by each byte that its reader takes. Without a listener it closes the socket.
      response.setTimeout(watchStallMs, () => undefined);
    },
    taken: (response, signal) =>
      new Promise((resolve) => {
        const take = (): void => waiting.end('taken');
        const end = (): void => waiting.end('over');
        const stall = (): void => waiting.end('stalled');
        const waiting: Waiting = {
          bytes: response.writableLength,
          end(taking) {
            all.delete(waiting);
            bytes -= waiting.bytes;
            response.off('drain', take).off('close', end).off('timeout', stall);
            signal.removeEventListener('abort', end);
            resolve(taking);
          },
        };
        if (response.destroyed || signal.aborted) {
          resolve('over');
          return;
        }
        response.on('drain', take).on('close', end).on('timeout', stall);
        signal.addEventListener('abort', end);
        all.add(waiting);
        bytes += waiting.bytes;
        for (const longest of all) {
          if (bytes <= watchBytes) break;
          longest.end('crowded-out');
        }
      }),
  };
}
