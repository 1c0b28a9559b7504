/**
 * Compares the state of a store between its nodes, which must be the same after the same entry: now and then each node tells
 * the others a hash of its own. A difference means that a disk, memory or this program has failed one of them, which no
 * protocol notices by itself; it is an alarm, and nothing is decided by it. What is told costs one small message to each
 * node for each interval, whatever the state holds.
 */

import type { Observable } from 'rxjs';
import * as v from 'valibot';
import { addressOf, nodeOf } from '../../statecharts/actor.ts';
import type { Clock, TimeoutHandle } from '../environment/clock.ts';
import type { Node } from '../host/node.ts';
import { keptNotices } from './kept-notices.ts';
import type { ReplicatedStore } from './store/replicated-store.ts';
import type { StateSample } from './store/state-samples.ts';

/** How the state of a node stands to those of others. */
export interface ComparisonStatus {
  /** The last entry after which the states of two nodes were compared here; 0 for none. */
  readonly comparedIndex: number;
  /** The nodes whose state was another one than this node's when it was compared last, sorted. */
  readonly differing: readonly string[];
  /** The node whose state is not that of the others; undefined where all agree, or there is no telling which of two is wrong. */
  readonly suspect?: string;
}

/** Something that an operator should know. */
export interface ComparisonNotice {
  readonly code: 'STATE_DIFFERS' | 'STATES_AGREE';
  readonly message: string;
}

export interface StateComparison {
  status(): ComparisonStatus;
  readonly notices: Observable<ComparisonNotice>;
  /** Idempotent. */
  close(): void;
}

export interface StateComparisonParts {
  readonly node: Pick<Node, 'id' | 'open'>;
  readonly store: Pick<ReplicatedStore, 'samples' | 'status'>;
  /** Of the store. */
  readonly key: string;
  readonly clock: Clock;
  /** How often a node tells the others its hash, in milliseconds. Default 10,000. */
  readonly intervalMs?: number;
}

const natural = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const messages = {
  /** My state after entry `index`. */
  state: v.object({ index: natural, token: v.union([v.string(), v.number()]), revision: natural, hash: natural }),
};

const defaultIntervalMs = 10_000;
/** How often it is looked whether this node has come as far as one that is ahead. */
const lookMs = 50;

/** Begins to compare. */
export function compareStates(parts: StateComparisonParts): StateComparison {
  const { node, store, key, clock, intervalMs = defaultIntervalMs } = parts;
  const { samples } = store;
  const endpoint = node.open('state-comparison', key, messages, { senders: 'peer' });
  const notices = keptNotices<ComparisonNotice>();
  /** By peer: whether its state was the same when it was compared last. */
  const verdicts = new Map<string, boolean>();
  /** By peer: its state after an entry that this node has not applied yet. */
  const ahead = new Map<string, StateSample>();
  let comparedIndex = 0;
  let looking: TimeoutHandle | undefined;

  const status = (): ComparisonStatus => {
    const differing = [...verdicts].flatMap(([peer, agrees]) => (agrees ? [] : [peer])).sort();
    const suspect = suspectOf(node.id, differing, verdicts.size);
    return { comparedIndex, differing, ...(suspect === undefined ? {} : { suspect }) };
  };
  const judge = (peer: string, theirs: StateSample): void => {
    const ours = samples.at(theirs.index);
    // Another entry stood there once: a failover has lost it.
    if (ours === undefined || ours.token !== theirs.token) return;
    comparedIndex = Math.max(comparedIndex, theirs.index);
    const agrees = ours.hash === theirs.hash && ours.revision === theirs.revision;
    const before = verdicts.get(peer) ?? true;
    verdicts.set(peer, agrees);
    if (agrees === before) return;
    notices.next(agrees ? agreement(peer, theirs.index) : difference(peer, theirs.index, status()));
  };
  const look = (): void => {
    looking = undefined;
    for (const [peer, theirs] of ahead) {
      if (theirs.index > samples.lastIndex) continue;
      ahead.delete(peer);
      judge(peer, theirs);
    }
    lookLater();
  };
  const lookLater = (): void => {
    if (ahead.size > 0) looking ??= clock.setTimeout(look, lookMs);
  };
  const tell = (): void => {
    telling = clock.setTimeout(tell, intervalMs);
    const { peers } = store.status();
    for (const known of [verdicts, ahead])
      for (const peer of known.keys()) if (!peers.includes(peer)) known.delete(peer);
    const sample = samples.at(samples.lastIndex);
    if (sample === undefined) return;
    for (const peer of peers) endpoint.send(addressOf(peer, 'state-comparison', key), { type: 'state', ...sample });
  };
  let telling = clock.setTimeout(tell, intervalMs);
  const subscription = endpoint.received.subscribe(({ from, message: { type: _, ...theirs } }) => {
    const peer = nodeOf(from);
    if (!store.status().peers.includes(peer)) return;
    if (theirs.index > samples.lastIndex) {
      ahead.set(peer, theirs);
      lookLater();
    } else judge(peer, theirs);
  });
  return {
    status,
    notices: notices.asObservable(),
    close() {
      clock.clearTimeout(telling);
      if (looking !== undefined) clock.clearTimeout(looking);
      subscription.unsubscribe();
      endpoint.close();
      notices.complete();
    },
  };
}

/** Of three nodes and more, the one that stands alone. */
function suspectOf(self: string, differing: readonly string[], compared: number): string | undefined {
  if (compared < 2 || differing.length === 0) return undefined;
  if (differing.length === compared) return self;
  return differing.length === 1 ? differing[0] : undefined;
}

const whatToDo =
  'a disk, memory or the program has failed it: stop it, keep its directory for those who look for the cause, and let a new node take its place (quorate member replace)';

function difference(peer: string, index: number, { suspect }: ComparisonStatus): ComparisonNotice {
  const who =
    suspect === undefined
      ? `compare with a backup which of the two is wrong; ${whatToDo}`
      : `${suspect} stands alone, as the others agree or each differ from it: ${whatToDo}`;
  return {
    code: 'STATE_DIFFERS',
    message: `after entry ${index} the state of ${peer} is another one than that of this node; ${who}`,
  };
}

const agreement = (peer: string, index: number): ComparisonNotice => ({
  code: 'STATES_AGREE',
  message: `after entry ${index} the state of ${peer} is that of this node again`,
});
