/**
 * What a dashboard is fed with, as plain JSON: the same from nodes that run, from a simulated run, and from the checker's
 * counterexample. Everything in it is bounded where it is made, so that neither page nor wire grows with what it shows.
 */

import type { Address } from '../../statecharts/actor.ts';

/** Where a feed comes from. Of a check, `atMs` counts steps. */
export type FeedSource = 'nodes' | 'simulation' | 'check';

/** The first item of every feed: what it is of. */
export interface FeedHead {
  readonly type: 'head';
  readonly source: FeedSource;
  /** For people: `cluster quorate`, `raft, seed 7`. */
  readonly title: string;
  readonly nodes: readonly string[];
  /** Whether faults may be ordered by hand: a `FaultOrder` is sent to `faults` by POST, with the page's token. */
  readonly takesFaults: boolean;
  /** Whether all that is known of running nodes follows, and not how they stand now: nothing that was told before is to stay. */
  readonly isWhole?: boolean;
}

/** A message, bounded. */
export interface ShownMessage {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A transition that was taken, as in the chart's drawing (`DrawnArrow.ids`). */
export interface ShownTransition {
  readonly id: string;
  /** The step of the paper that it is, where it cites one: `Raft §5.2`. */
  readonly rule?: string;
}

/** A one-way link between nodes. */
export type ShownLink = readonly [from: string, to: string];

/** Where and when something happened. */
interface Happened {
  readonly node: string;
  /** Milliseconds: of the epoch for nodes that run, of virtual time in a simulation. In a check the number of the step. */
  readonly atMs: number;
}

/**
 * How an actor stands: its chart's name (`raft.server`), state value, the tag of its role, and context. A log within a context
 * shows as `{ baseIndex, lastIndex, newest }`.
 */
export interface ShownActor {
  readonly actor: Address;
  readonly chart: string;
  readonly value: unknown;
  readonly role?: string;
  readonly context: unknown;
}

/** One thing that happened. */
export type Shown = Happened &
  (
    | { readonly type: 'up' }
    | { readonly type: 'down'; readonly reason: string }
    /** The process is there, but does nothing. */
    | { readonly type: 'paused' }
    | { readonly type: 'resumed' }
    /** An actor as it is: when it starts, and first of all for those that live already. */
    | ({ readonly type: 'actor' } & ShownActor)
    | { readonly type: 'gone'; readonly actor: Address; readonly error?: string }
    /** An actor took in `cause`. `id` is unique within the feed. */
    | ({
        readonly type: 'step';
        readonly id: string;
        readonly from: Address;
        readonly cause: ShownMessage;
        /** The `sent` item of the message that it took in, where the source knows it. */
        readonly sent?: string;
        readonly transitions: readonly ShownTransition[];
        /** What it asked for besides sends, in short: `persist entries`, `deliver committed`. */
        readonly effects: readonly string[];
      } & ShownActor)
    /** A message left. `step` is the step that asked for it, which may be earlier: records before it had to be durable. */
    | {
        readonly type: 'sent';
        readonly id: string;
        readonly step?: string;
        readonly from: Address;
        readonly to: Address;
        readonly message: ShownMessage;
      }
    /** A message went nowhere. `sent` is its item, where the source knows it. */
    | {
        readonly type: 'lost';
        readonly sent?: string;
        readonly from: Address;
        readonly to: Address;
        readonly message: ShownMessage;
        readonly reason: string;
      }
    /** Message `sent` reached a service, which is no actor: no step tells of it. */
    | { readonly type: 'arrived'; readonly sent: string; readonly to: Address }
    | { readonly type: 'flushed'; readonly actor: Address }
    | { readonly type: 'peer'; readonly peer: string; readonly status: string; readonly reason?: string }
    /** A client's operation; `id` names both ends. */
    | {
        readonly type: 'operation';
        readonly id: string;
        readonly phase: 'began' | 'ended';
        readonly client: string;
        /** `put k1`, or what came of it: `ok 3`, `unknown`. */
        readonly text: string;
        readonly key?: string;
      }
    /** `id` names beginning and end; `node` is the first that it touches, `links` are the one-way links, if it touches any. */
    | {
        readonly type: 'fault';
        readonly id: string;
        readonly isActive: boolean;
        readonly text: string;
        readonly nodes: readonly string[];
        readonly links?: readonly ShownLink[];
        readonly byHand: boolean;
      }
    /** What was not told one by one, as there was too much: how many of each type since the last such item. */
    | { readonly type: 'summary'; readonly counts: Readonly<Record<string, number>>; readonly reason: string }
    /** A finding of a simulation or check: what is violated. */
    | { readonly type: 'violation'; readonly claim: string; readonly text: string }
  );

/** All that a feed may hold. Over a WebSocket each message is a JSON array of items, as they came together. */
export type FeedItem = FeedHead | Shown;

/** A fault that a person may order. Links are one-way, from `from` to `to`; `split` cuts every link between two groups. */
export type FaultOrder =
  | { readonly fault: 'kill' | 'pause' | 'resume' | 'restart'; readonly node: string }
  | { readonly fault: 'cut'; readonly from: string; readonly to: string }
  | { readonly fault: 'delay'; readonly from: string; readonly to: string; readonly delayMs: number }
  | { readonly fault: 'lose'; readonly from: string; readonly to: string; readonly probability: number }
  | { readonly fault: 'split'; readonly groups: readonly (readonly string[])[] }
  | { readonly fault: 'slow-disk'; readonly node: string; readonly delayMs: number }
  | { readonly fault: 'full-disk'; readonly node: string }
  /** Ends every fault of links and disks. */
  | { readonly fault: 'heal' };

/** A feed as a file, which `quorate open` shows: the head first, and all items in their order. */
export interface Recording {
  readonly quorate: 'recording';
  readonly version: 1;
  readonly items: readonly FeedItem[];
}
