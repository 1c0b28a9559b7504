/**
 * What fault detectors say: pings and their answers, after SWIM (Das, Gupta & Motivala 2002, §3), and what detectors of the
 * same node ask each other before one of them takes it for dead.
 *
 * Each life of a detector is a watch with a number of its own, and pings of a watch are numbered; so an answer says which
 * ping it answers, and when that left is for its sender alone to know. No clock is compared with another one.
 */

import * as v from 'valibot';
import type { Address, Senders, TaggedBy } from '../../actor.ts';
import { isId } from '../../actor.ts';
import { faultDetectorName, heartbeatName, probeName } from '../addresses.ts';

const number = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const node = v.pipe(v.string(), v.check(isId, 'expected the name of a node'));

/** Which ping of which watch. */
const ping = { watch: number, sequence: number };
/** The node whose detector a ping is for, when another one sends it; null otherwise. */
const relayedFor = v.nullable(node);
/** Which question of which watch. */
const round = { watch: number, round: number };

/** What a watched node is asked. */
export const heartbeatMessages = { ping: v.object({ ...ping, relayedFor }) };

export const heartbeatSenders = { ping: { actor: faultDetectorName } } satisfies Senders<'ping'>;

export const faultDetectorMessages = {
  /** The watched node answers, in its life of that number. */
  ack: v.object({ ...ping, life: number, relayedFor }),
  /** Nothing listens where the watched one should be: it is gone, and no silence need be waited for. */
  down: v.object({ ...ping, relayedFor }),
  /** A detector asks another one to ping in its place (SWIM §3.1). */
  'ping-req': v.object(ping),
  /** That one has done so: the way there and back is open, whatever becomes of the watched node (Lifeguard §IV-A: nack). */
  relayed: v.object(ping),
  /** And the watched node has answered it. */
  'indirect-ack': v.object({ ...ping, life: number }),
  /** A detector suspects the node, and asks whether others do. */
  suspicion: v.object(round),
  /** What one of them thinks of it at that moment. */
  opinion: v.object({ ...round, suspects: v.boolean() }),
};

export type HeartbeatMessage = TaggedBy<typeof heartbeatMessages>;
export type FaultDetectorMessage = TaggedBy<typeof faultDetectorMessages>;

export const faultDetectorSenders = {
  ack: [{ actor: heartbeatName }, { actor: probeName }],
  down: { actor: probeName },
  'ping-req': 'peer',
  relayed: 'peer',
  'indirect-ack': 'peer',
  suspicion: 'peer',
  opinion: 'peer',
} satisfies Senders<FaultDetectorMessage['type']>;

/** What a detector says to itself: it has been away, and what it did not hear in between proves nothing. */
export interface Stalled {
  readonly type: 'stalled';
}

/** What both write down as they begin: the number of this life, greater than all before it. */
export const lifeRecords = { life: v.object({ number }) };
export type LifeRecord = TaggedBy<typeof lifeRecords>;

/** What a detector thinks of the node that it watches. */
export const opinions = ['trusted', 'suspected', 'confirmed', 'recovered'] as const;
export type Opinion = (typeof opinions)[number];

/** Each change of its opinion, with what it is founded on. Instants are of the detector's monotonic clock. */
export interface OpinionChange {
  readonly type: 'changed';
  readonly watched: string;
  readonly by: Address;
  readonly opinion: Opinion;
  readonly atMs: number;
  /** The life of the node that was heard last; 0 before any was. */
  readonly life: number;
  /** When its last answer came, directly or through another node; null before any. */
  readonly heardMs: number | null;
  /** What the opinion is founded on. */
  readonly why: Why;
}

export type Why =
  /** It answers. */
  | { readonly type: 'answers' }
  /** A later life of it answers: it has started again in between. */
  | { readonly type: 'restarted' }
  /** No answer came until `sinceMs`, and then none through `asked` others either, of which `relayed` were reached. */
  | { readonly type: 'silent'; readonly sinceMs: number; readonly asked: number; readonly relayed: number }
  /** Nothing listened there, when it was pinged by number `sequence`. */
  | { readonly type: 'refused'; readonly sequence: number }
  /** A quorum of detectors has suspected it since this one does. */
  | { readonly type: 'quorum'; readonly of: readonly string[] };
