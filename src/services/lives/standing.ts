/**
 * How a node stands with its peers. One authenticated peer's word that its journal is not what it was suspends it: it
 * neither votes nor acknowledges, and goes on otherwise. The word of a majority of the cluster stops it for good.
 */

import { BehaviorSubject, type Observable, ReplaySubject } from 'rxjs';
import { QuorateError } from '../../../statecharts/actor.ts';

/** The peers know this node by another journal: its data was wiped, or replaced by another directory. */
export class JournalLostError extends QuorateError {
  readonly code = 'JOURNAL_LOST';
}

/** The peers know this journal as longer than it is, or as that of another life: it was rolled back, or runs twice. */
export class JournalRolledBackError extends QuorateError {
  readonly code = 'JOURNAL_ROLLED_BACK';
}

/** Whether a node takes part, and why not. */
export interface Standing {
  /** While suspended, nothing goes to and comes from the actors of other nodes; clients are served as far as that goes. */
  readonly isSuspended: boolean;
  /** The peers that do not know this journal as what it is now, and what they say. */
  readonly refusedBy: Readonly<Record<string, string>>;
  /** The peers whose word is waited for, because the journal may be an old copy. */
  readonly awaiting: readonly string[];
}

/** A peer's word against this journal. */
export interface Objection {
  readonly code: 'journal-lost' | 'rolled-back';
  readonly reason: string;
}

export interface StandingParts {
  readonly node: string;
  peers(): readonly string[];
  /** Whether the journal may be an old copy, so that every other voter must vouch for it. */
  readonly mustBeVouched: boolean;
  /** The first peer objects: the next life must know. */
  onObjection(by: string, objection: Objection): void;
  /** Every peer has vouched for a journal that had to be vouched for. */
  onCleared(): void;
}

export interface StandingKeeper {
  readonly now: Standing;
  /** The present standing, and each change of it. */
  readonly changes: Observable<Standing>;
  /** Emits once, when a majority of the cluster objects. */
  readonly failure: Observable<QuorateError>;
  vouched(peer: string): void;
  objected(peer: string, objection: Objection): void;
  /** The peers may be others now: who is none of them has no say any more. */
  refresh(): void;
  hasVouched(peer: string): boolean;
  complete(): void;
}

/** Keeps the standing of one node. */
export function createStanding(parts: StandingParts): StandingKeeper {
  const { node, peers } = parts;
  const vouchers = new Set<string>();
  const objections = new Map<string, Objection>();
  let mustBeVouched = parts.mustBeVouched;
  const failure = new ReplaySubject<QuorateError>(1);

  const evaluated = (): Standing => {
    const awaiting = mustBeVouched ? peers().filter((peer) => !vouchers.has(peer)) : [];
    const refusedBy = Object.fromEntries([...objections].map(([peer, { reason }]) => [peer, reason]));
    return { isSuspended: awaiting.length > 0 || objections.size > 0, refusedBy, awaiting };
  };
  const changes = new BehaviorSubject(evaluated());
  const refresh = (): void => {
    for (const peer of objections.keys()) if (!peers().includes(peer)) objections.delete(peer);
    if (mustBeVouched && objections.size === 0 && peers().every((peer) => vouchers.has(peer))) {
      mustBeVouched = false;
      parts.onCleared();
    }
    changes.next(evaluated());
    const majority = Math.floor((peers().length + 1) / 2) + 1;
    if (objections.size < majority) return;
    failure.next(errorOf(node, objections));
    failure.complete();
  };

  return {
    get now() {
      return changes.value;
    },
    changes: changes.asObservable(),
    failure: failure.asObservable(),
    vouched(peer) {
      if (vouchers.has(peer) && !objections.has(peer)) return;
      vouchers.add(peer);
      objections.delete(peer);
      refresh();
    },
    objected(peer, objection) {
      // Who is none of the cluster's nodes has no say.
      if (!peers().includes(peer)) return;
      vouchers.delete(peer);
      if (objections.get(peer)?.reason === objection.reason) return;
      objections.set(peer, objection);
      mustBeVouched = true;
      parts.onObjection(peer, objection);
      refresh();
    },
    refresh() {
      if (mustBeVouched || objections.size > 0) refresh();
    },
    hasVouched: (peer) => vouchers.has(peer),
    complete() {
      changes.complete();
      failure.complete();
    },
  };
}

function errorOf(node: string, objections: ReadonlyMap<string, Objection>): QuorateError {
  const said = [...objections].map(([peer, { reason }]) => `'${peer}': ${reason}`).join('; ');
  const repair =
    'restore the data directory from a copy no older than its last run, or let a node with a new id replace this one';
  return [...objections.values()].some(({ code }) => code === 'journal-lost')
    ? new JournalLostError(
        `node '${node}' was known by another journal (${said}). Its data was wiped or replaced, and without its votes it must not take part: ${repair}`,
      )
    : new JournalRolledBackError(
        `the journal of node '${node}' is not what it was (${said}). What it had acknowledged is missing in it, so it must not take part: ${repair}`,
      );
}
