/**
 * Follows commands through the servers of a log on one node: taken, sent to the others, written down, committed, and
 * applied. An entry of the log is followed as one; it may hold the requests of many clients.
 */

import { type Address, type Effect, nodeOf } from '../../statecharts/actor.ts';
import { type InspectionEvent, leavingAtOnce } from '../host/inspection.ts';
import { acknowledgedIn, entriesIn, isBetweenNodes, logServedBy, type SeenEntry } from './entries.ts';
import { commandSubject } from './ids.ts';
import type { Work, Works } from './works.ts';

const journal = 'journal';
const apply = 'apply';

/** A command that is under way here. */
interface Followed extends SeenEntry {
  readonly work: Work;
  /** Whether this server took it from an application, so that it can tell when it is applied. */
  readonly isOwn: boolean;
  isCommitted: boolean;
}

/** The commands of one log that are under way, in the order of their places. */
interface Log {
  readonly key: string;
  readonly followed: Map<number, Followed>;
}

export class CommandTracer {
  readonly #works: Works;
  /** Of which stores it is told how far they have applied their logs. */
  readonly #applies: ReadonlySet<string>;
  readonly #logs = new Map<Address, Log>();
  /** By the first effect that waits for the records in which they are. */
  readonly #written = new WeakMap<Effect, readonly Followed[]>();

  constructor(works: Works, applies: ReadonlySet<string>) {
    this.#works = works;
    this.#applies = applies;
  }

  tell(event: InspectionEvent): void {
    if (event.type === 'step') this.#step(event);
    else if (event.type === 'released') this.#released(event);
    else if (event.type === 'stopped' || (event.type === 'failed' && event.actor !== undefined)) {
      if (event.actor !== undefined) this.#stopped(event.actor, event.atMs);
    }
  }

  /** The store of `key` has applied its log up to `index`. */
  applied(key: string, index: number, atMs: number): void {
    for (const log of this.#logs.values()) {
      if (log.key !== key) continue;
      for (const followed of log.followed.values()) {
        if (followed.index > index) break;
        if (followed.isCommitted) this.#end(log, followed, atMs);
      }
    }
  }

  #step(event: InspectionEvent & { readonly type: 'step' }): void {
    const log = this.#logOf(event.actor);
    if (log === undefined) return;
    const { actor, from, cause, effects, atMs } = event;
    const leaving = leavingAtOnce(event);
    const begun = effects.flatMap((effect) =>
      effect.type === 'persist' ? this.#begin(log, entriesIn(effect.record), event) : [],
    );
    if (begun.length > 0) {
      const gone = new Set(leaving);
      const waiting = effects.find((effect) => effect.type !== 'persist' && !gone.has(effect));
      if (waiting !== undefined) {
        this.#written.set(waiting, begun);
        for (const { work } of begun) this.#works.part(work, journal, 'journal flush', atMs);
      }
    }
    if (isBetweenNodes(from, actor)) this.#acknowledged(log, nodeOf(from), acknowledgedIn(cause) ?? 0, atMs);
    for (const effect of leaving) this.#leave(log, actor, effect, atMs);
  }

  #released({ actor, effects, atMs }: InspectionEvent & { readonly type: 'released' }): void {
    const log = this.#logOf(actor);
    if (log === undefined) return;
    for (const effect of effects) {
      for (const { work } of this.#written.get(effect) ?? []) this.#works.endPart(work, journal, atMs);
      this.#leave(log, actor, effect, atMs);
    }
  }

  #begin(log: Log, entries: readonly SeenEntry[], event: InspectionEvent & { readonly type: 'step' }): Followed[] {
    const { actor, cause, node, atMs } = event;
    const isOwn = cause.type === 'propose';
    if (entries.length > 0) forgetEnded(log);
    return entries.flatMap((entry) => {
      const { index, token, bytes } = entry;
      const earlier = log.followed.get(index);
      if (earlier !== undefined) {
        if (earlier.token === token && earlier.work.isOpen) return [];
        log.followed.delete(index);
        this.#works.giveUp(earlier.work, atMs, 'another entry took its place');
      }
      if (bytes === undefined) return [];
      const subject = commandSubject({ key: log.key, index, token });
      const work = this.#works.begin(`${actor}#${index}`, subject, isOwn ? 'command' : 'replicate', atMs, {
        'quorate.node': node,
        'quorate.actor': actor,
        'quorate.index': index,
        'quorate.token': token,
        'quorate.bytes': bytes,
      });
      if (work === undefined) return [];
      const followed = { ...entry, work, isOwn, isCommitted: false };
      log.followed.set(index, followed);
      return [followed];
    });
  }

  #leave(log: Log, actor: Address, effect: Effect, atMs: number): void {
    if (log.followed.size === 0) return;
    if (effect.type === 'send' && isBetweenNodes(actor, effect.to)) {
      const to = nodeOf(effect.to);
      for (const { work } of this.#among(log, entriesIn(effect.message))) {
        this.#works.part(work, `bus ${to}`, `bus ${to}`, atMs, { 'quorate.peer': to });
      }
    } else if (effect.type === 'deliver' && effect.output.type === 'committed') {
      for (const followed of this.#among(log, entriesIn(effect.output))) this.#committed(log, followed, atMs);
    }
  }

  /** Another server has everything up to `index`. */
  #acknowledged(log: Log, node: string, index: number, atMs: number): void {
    for (const followed of log.followed.values()) {
      if (followed.index > index) return;
      this.#works.endPart(followed.work, `bus ${node}`, atMs);
    }
  }

  #committed(log: Log, followed: Followed, atMs: number): void {
    if (followed.isCommitted) return;
    followed.isCommitted = true;
    this.#works.note(followed.work, 'committed', atMs);
    if (followed.isOwn && this.#applies.has(log.key)) this.#works.part(followed.work, apply, 'apply', atMs);
    else this.#end(log, followed, atMs);
  }

  #end(log: Log, followed: Followed, atMs: number): void {
    log.followed.delete(followed.index);
    this.#works.endPart(followed.work, apply, atMs);
    this.#works.end(followed.work, atMs);
  }

  #stopped(actor: Address, atMs: number): void {
    const log = this.#logs.get(actor);
    if (log === undefined) return;
    this.#logs.delete(actor);
    for (const followed of log.followed.values()) {
      this.#works.giveUp(followed.work, atMs, 'the server of the log has stopped');
    }
  }

  /** Those that are followed, as they stand there. */
  #among(log: Log, entries: readonly SeenEntry[]): readonly Followed[] {
    return entries.flatMap(({ index, token }) => {
      const followed = log.followed.get(index);
      return followed === undefined || followed.token !== token ? [] : [followed];
    });
  }

  #logOf(actor: Address): Log | undefined {
    const known = this.#logs.get(actor);
    if (known !== undefined) return known;
    const key = logServedBy(actor);
    if (key === undefined) return undefined;
    const log = { key, followed: new Map<number, Followed>() };
    this.#logs.set(actor, log);
    return log;
  }
}

/** Works that were given up because of their age are the oldest, and so in front. */
function forgetEnded({ followed }: Log): void {
  for (const [index, { work }] of followed) {
    if (work.isOpen) return;
    followed.delete(index);
  }
}
