/**
 * Seats of a theatre in an embedded store, for services of whichever framework: each seat is sold once, whichever process is
 * asked. What a failed request says is what is known: 503 means that nothing happened, 504 that nobody knows.
 */

import { startKeyValueNode } from '../src/services/kv-node.ts';
import { type KeyValueStore, keyValueStore, OutcomeUnknownError, UnavailableError } from '../src/services/store.ts';

export const host = '127.0.0.1';

/** What a request is answered with. */
export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** Sells a seat, where it is not sold yet: of two buyers at once, one is told so. */
export async function sell(store: KeyValueStore, seat: string, buyer: string | undefined): Promise<Answer> {
  if (buyer === undefined || buyer === '') return { status: 400, body: { code: 'BUYER_MISSING' } };
  const { swapped } = await store.compareAndSet(`seats/${seat}`, undefined, new TextEncoder().encode(buyer));
  return { status: swapped ? 201 : 409, body: { seat, isSold: swapped } };
}

/** Says who has bought a seat. */
export async function buyerOf(store: KeyValueStore, seat: string): Promise<Answer> {
  const found = await store.get(`seats/${seat}`);
  if (found === undefined) return { status: 404, body: { code: 'SEAT_FREE' } };
  return { status: 200, body: { seat, buyer: new TextDecoder().decode(found.value) } };
}

/** What is known of a request that failed; nothing is, of a bug. */
export function failed(error: unknown): Answer | undefined {
  if (error instanceof UnavailableError) return { status: 503, body: { code: error.code } };
  if (error instanceof OutcomeUnknownError) return { status: 504, body: { code: error.code } };
  return undefined;
}

/** A store of one node; `replicated-store.ts` starts three. */
export async function startStore(dataDirectory: string) {
  const node = await startKeyValueNode({
    id: 'n1',
    dataDirectory,
    listen: { host, port: 0 },
    http: { host, port: 0 },
    peers: {},
    pid: process.pid,
  });
  return { node: node.node, store: keyValueStore(node.store), stop: () => node.stop() };
}
