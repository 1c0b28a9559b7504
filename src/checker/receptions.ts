/**
 * Receptions: what charts did with all that was sent to them while a model was explored. One that finds its chart without
 * an answer is the unspecified reception of Brand and Zafiropulo ("On communicating finite-state machines", JACM 30,
 * 1983): one side may send what the other one, where it stands then, has nothing to say to. It is dropped in silence, and
 * whatever counts on it waits for ever.
 *
 * That a chart names every message in every state is asked when an actor is defined. What only an exploration can tell is
 * whether all its guards may be false at once, and which of its transitions nothing ever takes.
 */

import type { InTransit } from './model.ts';
import type { ExploredTransition, Flow, Reception, Unspecified } from './receptions/reception.ts';
import type { Trace } from './search/trace.ts';

export type { ExploredTransition, Fate, Flow, Reception, Unspecified } from './receptions/reception.ts';

/** A reception that is unspecified, as an exploration found it. */
export interface Hole extends Unspecified {
  /** What came, and a shortest run to where it comes. */
  readonly letter: InTransit;
  readonly trace: Trace;
}

/** What charts did with all that was sent to them. */
export interface Receptions<H extends Unspecified = Hole> {
  /** By sender, message, addressee and state. */
  readonly receptions: readonly Reception[];
  readonly holes: readonly H[];
  /** What was sent, and in nothing that was explored ever arrived. */
  readonly undelivered: readonly Flow[];
  /** All transitions of all charts that took part. */
  readonly transitions: readonly ExploredTransition[];
}

const flowKey = ({ from, type, to }: Flow): string => `${from} ${type} ${to}`;
const receptionKey = (it: Unspecified): string => `${flowKey(it)} ${it.state}`;
const byKey = <T>(key: (it: T) => string, all: readonly T[], merge = (first: T, _next: T): T => first): T[] => {
  const known = new Map<string, T>();
  for (const one of all) {
    const before = known.get(key(one));
    known.set(key(one), before === undefined ? one : merge(before, one));
  }
  return [...known].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
};

/**
 * What several systems of the same actors show together: a transition that any of them takes is taken. The numbers of
 * situations are sums, so one that two systems have counts twice.
 *
 * @example
 * const together = mergeReceptions(models.map((model) => check(model).receptions));
 * if (together.holes.length > 0) console.error(renderReceptions(together));
 */
export function mergeReceptions<H extends Unspecified>(all: readonly Receptions<H>[]): Receptions<H> {
  const receptions = byKey(
    receptionKey,
    all.flatMap((it) => it.receptions),
    (a, b) => ({ ...a, fates: sumOf(a.fates, b.fates) }),
  );
  const delivered = new Set(receptions.map(flowKey));
  return {
    receptions,
    holes: byKey(
      receptionKey,
      all.flatMap((it) => it.holes),
    ),
    undelivered: byKey(
      flowKey,
      all.flatMap((it) => it.undelivered),
    ).filter((flow) => !delivered.has(flowKey(flow))),
    transitions: byKey(
      ({ actor, id }) => `${actor} ${id}`,
      all.flatMap((it) => it.transitions),
      (a, b) => (b.isTaken ? b : a),
    ),
  };
}

const sumOf = (a: Reception['fates'], b: Reception['fates']): Reception['fates'] => ({
  taken: a.taken + b.taken,
  ignored: a.ignored + b.ignored,
  absent: a.absent + b.absent,
  unspecified: a.unspecified + b.unspecified,
});

/** The messages that arrive and that their addressees take in no state: either their senders wait in vain, or need not send them. */
export function neverTaken({ receptions }: Receptions<Unspecified>): readonly Flow[] {
  const taken = new Set(receptions.filter(({ fates }) => fates.taken > 0).map(flowKey));
  return byKey(
    flowKey,
    receptions.map(({ from, type, to }): Flow => ({ from, type, to })),
  ).filter((flow) => !taken.has(flowKey(flow)));
}

/** The transitions that do something, or lead somewhere, and that nothing takes: nothing that was explored says that they are right. */
export const untaken = ({ transitions }: Receptions<Unspecified>): readonly ExploredTransition[] =>
  transitions.filter(({ isTaken, isIgnoring }) => !isTaken && !isIgnoring);
