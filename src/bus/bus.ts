/**
 * The bus carries envelopes between actors. It may lose, repeat and reorder them, and never delivers within `send`:
 * delivery is a later turn of the clock's queue. What it knows to have lost, it reports.
 */

import type { Observable } from 'rxjs';
import type { Address, Tagged } from '../../statecharts/actor.ts';

/** A message on its way. Plain data; never changed by anybody. */
export interface Envelope {
  readonly from: Address;
  readonly to: Address;
  readonly message: Tagged;
  /** How many records the journal of the sending node has, where the nodes watch over each other's journals. */
  readonly position?: number;
}

/**
 * What the other side of a connection has shown itself to be: a node of this cluster; a client of it; or the bearer of a token,
 * a client that may do what is listed for the token, and reaches only what looks at that.
 */
export type Origin = 'member' | 'client' | 'bearer';

/** A client, as the transport knows it. */
export interface ClientIdentity {
  /** The other end of its connection, `host:port`. */
  readonly remote: string;
  /** Whether it has proven the secret of clients, or a token; no proof was needed where not. */
  readonly isProven: boolean;
  /** The name of the token that it has proven. */
  readonly token?: string;
}

/** An envelope that arrived, with what the transport knows of its sender, and no envelope can say of itself. */
export interface Arrival extends Envelope {
  readonly origin: Origin;
  /** The client that has sent it; undefined where a node did, or the transport does not tell clients apart. */
  readonly client?: ClientIdentity;
}

/** `envelope`, come from `origin`, whatever it says of itself. */
export const arrivalOf = (envelope: Envelope, origin: Origin, client?: ClientIdentity): Arrival =>
  // V8 takes ten times as long for a literal that spreads and then adds.
  Object.assign({}, envelope, client === undefined ? { origin } : { origin, client });

/** Why two nodes do not talk to each other; stable, for programs. */
export type RefusalCode =
  | 'other-cluster'
  | 'own-node-id'
  | 'unexpected-node'
  | 'node-id-taken'
  | 'disjoint-versions'
  | 'other-security'
  | 'wrong-certificate'
  | 'secret-required'
  | 'secret-mismatch'
  | 'too-many-connections'
  | 'journal-lost';

/** Who refused whom, and why. */
export interface Refusal {
  readonly code: RefusalCode;
  /**
   * `peer` when the other side refused this node: with `journal-lost`, a reason for this node to stop. That code comes
   * only from peers that have proven the secret of the cluster; others may be said by anyone who can be connected to.
   */
  readonly by: 'this-node' | 'peer';
}

/** How this node stands with another one. */
export interface PeerStatus {
  readonly node: string;
  readonly status: 'connected' | 'disconnected' | 'refused';
  /** Why, when not connected; for people. */
  readonly reason?: string;
  /** Why, when refused; for programs. */
  readonly refusal?: Refusal;
}

/** Envelopes that were not carried. */
export interface Loss {
  /** The node that they were meant for. */
  readonly node: string;
  /**
   * The addressee, when the loss concerns one address and not the whole node. Left out also when so many addresses
   * were absent at once that they are not told apart.
   */
  readonly address?: Address;
  readonly reason: 'disconnected' | 'dropped' | 'absent';
  /** How many envelopes this report stands for; 0 for a disconnect while nothing was waiting. */
  readonly count: number;
}

/** What was sent, and waits for its receivers to take it. */
export interface Backlog {
  /** Bytes that wait for a node or client. */
  bytesFor(node: string): number;
  /** How many envelopes these are. */
  framesFor(node: string): number;
  /** Bytes that wait for all clients together. */
  readonly clientBytes: number;
  /** Emits when a receiver has taken some of what waited for it. */
  readonly relieved: Observable<void>;
}

/** One node's end of the bus. */
export interface Bus {
  readonly node: string;
  /**
   * Hands over an envelope. Never throws for what happens on the way, never blocks, never delivers before it returns.
   *
   * @throws EnvelopeTooLargeError when a transport with a frame limit could never carry it; while the peer is not
   *   connected it is reported as lost like any other
   * @throws EnvelopeNotEncodableError likewise, when the message is not plain data
   */
  send(envelope: Envelope): void;
  /** What arrives for `address`, or for this whole node when left out. Hot; late subscribers have missed the past. */
  envelopes(address?: Address): Observable<Arrival>;
  /** Tells the sender of an envelope that no actor lives at its address. Best effort, and limited in rate. */
  reject(envelope: Envelope): void;
  /** Changes of peer status; a subscriber first receives the present status of each known peer. */
  readonly peers: Observable<PeerStatus>;
  /** What could not be carried; includes rejections by the other side. */
  readonly losses: Observable<Loss>;
  /** Left out where nothing waits for slow receivers. */
  readonly backlog?: Backlog;
  /** Sends what is queued where that is possible at once, then lets go of everything. Idempotent. */
  close(): Promise<void>;
}
