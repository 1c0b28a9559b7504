/**
 * The network of a model: what is on its way, as an interned sequence of envelope numbers. A multiset and a set are
 * sorted sequences; queues per pair stand one after the other, each in its own order.
 */

import { CheckLimitError } from '../errors.ts';
import { createPairTable } from '../tables/pairs.ts';
import { createSequenceTable, maxSequenceLength } from '../tables/sequences.ts';

export interface Networks {
  readonly count: number;
  readonly bytes: number;
  /** The network with nothing in it. */
  readonly empty: number;
  /** The network without one `removed` envelope (-1: none), and with `added` ones, sent in this order. */
  update(network: number, removed: number, added: readonly number[]): number;
  /** Copies what is on its way into `into`. @returns how many envelopes */
  read(network: number, into: Uint32Array): number;
  /** Whether the envelope at `at` is one that may be delivered now and is not the same as one before it. */
  isDeliverable(envelopes: Uint32Array, at: number): boolean;
}

/** Enough room for the longest network. */
export const createEnvelopeBuffer = (): Uint32Array => new Uint32Array(maxSequenceLength + 2);

const cacheBits = 16;

/** A network with more than this will not stop growing: something sends again and again. */
const maxInTransit = 1_024;

/**
 * Makes the networks of one kind.
 *
 * @param channelOf the number of the pair between which an envelope goes
 */
export function createNetworks(
  kind: 'unordered' | 'duplicating' | 'ordered',
  channelOf: (envelope: number) => number,
): Networks {
  const sequences = createSequenceTable();
  const scratch = createEnvelopeBuffer();
  const empty = sequences.intern(scratch, 0);
  /** Additions by a number of their own, so that updates can be remembered. */
  const additions = createPairTable();
  // A lossy memory of updates, one per slot: network, removed, added, result.
  const cache = new Uint32Array(4 << cacheBits);

  const rank = kind === 'ordered' ? channelOf : (envelope: number): number => envelope;

  const insert = (length: number, envelope: number): number => {
    let at = length;
    const own = rank(envelope);
    while (at > 0 && rank(scratch[at - 1] ?? 0) > own) at -= 1;
    if (kind === 'duplicating' && at > 0 && scratch[at - 1] === envelope) return length;
    scratch.copyWithin(at + 1, at, length);
    scratch[at] = envelope;
    return length + 1;
  };
  const remove = (length: number, envelope: number): number => {
    const at = scratch.subarray(0, length).indexOf(envelope);
    if (at < 0) return length;
    scratch.copyWithin(at, at + 1, length);
    return length - 1;
  };
  /** A number for a list of additions; equal lists, equal numbers. */
  const additionOf = (added: readonly number[]): number => {
    let id = 0;
    for (const envelope of added) {
      const next = additions.get(id, envelope);
      if (next >= 0) id = next;
      else {
        additions.add(id, envelope, additions.size + 1);
        id = additions.size;
      }
    }
    return id;
  };

  return {
    get count() {
      return sequences.count;
    },
    get bytes() {
      return sequences.bytes + cache.byteLength + additions.bytes;
    },
    empty,
    update(network, removed, added) {
      if (removed < 0 && added.length === 0) return network;
      const addition = added.length === 0 ? 0 : additionOf(added);
      const mixed =
        Math.imul(network, 0x9e3779b1) ^ Math.imul(removed + 1, 0x85ebca6b) ^ Math.imul(addition, 0xc2b2ae35);
      const slot = ((mixed ^ (mixed >>> 15)) & ((1 << cacheBits) - 1)) * 4;
      // Networks are stored plus one: an empty slot matches nothing.
      if (cache[slot] === network + 1 && cache[slot + 1] === removed + 1 && cache[slot + 2] === addition) {
        return cache[slot + 3] ?? 0;
      }
      let length = sequences.read(network, scratch);
      if (removed >= 0) length = remove(length, removed);
      for (const envelope of added) length = insert(length, envelope);
      if (length > maxInTransit) {
        throw new CheckLimitError(
          `more than ${maxInTransit} envelopes are on their way; give what repeats (a timer, a request) a budget, bound 'network', or use a duplicating network`,
        );
      }
      const result = sequences.intern(scratch, length);
      cache[slot] = network + 1;
      cache[slot + 1] = removed + 1;
      cache[slot + 2] = addition;
      cache[slot + 3] = result;
      return result;
    },
    read: sequences.read,
    isDeliverable(envelopes, at) {
      if (at === 0) return true;
      const envelope = envelopes[at] ?? 0;
      const before = envelopes[at - 1] ?? 0;
      return kind === 'ordered' ? channelOf(before) !== channelOf(envelope) : before !== envelope;
    },
  };
}
