/** What a check remembers of a run of replicas: who was primary, what was acknowledged and how, and what was discarded. */

import type { Address, Tagged } from '../../../statecharts/actor.ts';
import type { Entry, Mode } from '../../../statecharts/primary-backup.ts';
import type { Observation } from '../../checker.ts';
import {
  asked,
  emptyLogHistory,
  entriesIn,
  including,
  type LogHistory,
  numberIn,
  toldAlike,
  toldOf,
  withoutTold,
  withProblem,
  withTold,
} from '../log/history.ts';
import { type Acknowledged, acknowledgedOf, discardsWithinBound, type Reign, readsSeeAcknowledged } from './claims.ts';

/** Everything is a set, kept sorted, so that equal pasts are equal. */
export interface ReplicasHistory extends LogHistory {
  /** Who has sent appends in which epoch. */
  readonly reigns: readonly Reign[];
  readonly acknowledged: readonly Acknowledged[];
  /** Whether a replica has discarded something. */
  readonly hasDiscarded: boolean;
  /** Whether a primary has said that replicas are missing. */
  readonly hasAlarmed: boolean;
  /** Whether a primary has said that too few are left for anything to be acknowledged. */
  readonly hasRefused: boolean;
}

export const emptyHistory: ReplicasHistory = {
  ...emptyLogHistory,
  reigns: [],
  acknowledged: [],
  hasDiscarded: false,
  hasAlarmed: false,
  hasRefused: false,
};

/** What all replicas of a store have in common. */
export interface StoreKind {
  readonly mode: Mode;
  readonly maxLoss: number;
  addressOn(node: string): Address;
}

/** Takes note of what happened. */
export function observeReplicas(history: ReplicasHistory, happening: Observation, kind: StoreKind): ReplicasHistory {
  switch (happening.type) {
    case 'sent': {
      const { from, message } = happening;
      if (message.type !== 'append') return history;
      return { ...history, reigns: including(history.reigns, { epoch: numberIn(message, 'epoch'), primary: from }) };
    }
    case 'delivered':
      return told(history, happening.actor, happening.output, kind);
    case 'requested':
      return asked(history, happening.actor, happening.request, () => lastToSurvive(history));
    case 'crashed':
      return withoutTold(history, kind.addressOn(happening.node));
    case 'received':
    case 'restarted':
      return history;
  }
}

const lastToSurvive = ({ acknowledged }: ReplicasHistory): number =>
  Math.max(0, ...acknowledged.map(({ index, mode }) => (mode === 'async' ? 0 : index)));

function told(history: ReplicasHistory, server: Address, output: Tagged, kind: StoreKind): ReplicasHistory {
  switch (output.type) {
    case 'committed':
      return committed(history, server, entriesIn(output, isEntry), kind);
    case 'startedOver':
      return withTold(history, server, 0);
    case 'discarded': {
      const problem = discardsWithinBound(server, numberIn(output, 'acknowledged'), kind.maxLoss);
      return withProblem({ ...history, hasDiscarded: true }, problem);
    }
    case 'inSync': {
      const isMissing = 'missing' in output && Array.isArray(output.missing) && output.missing.length > 0;
      const isTooFew = 'isEnough' in output && output.isEnough === false;
      return isMissing ? { ...history, hasAlarmed: true, hasRefused: history.hasRefused || isTooFew } : history;
    }
    default:
      return toldAlike(history, server, output, readsSeeAcknowledged);
  }
}

function committed(
  history: ReplicasHistory,
  server: Address,
  entries: readonly Entry[],
  { mode }: StoreKind,
): ReplicasHistory {
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return history;
  let next = toldOf(history, server, first.index, last.index);
  const by = Math.max(last.epoch, ...history.reigns.map(({ epoch, primary }) => (primary === server ? epoch : 0)));
  for (const entry of entries) {
    const news = acknowledgedOf(entry, mode, by);
    const isKnown = next.acknowledged.some(
      (it) => it.index === news.index && it.epoch === news.epoch && it.entry === news.entry,
    );
    if (!isKnown) next = { ...next, acknowledged: including(next.acknowledged, news) };
  }
  return next;
}

const isEntry = (value: unknown): value is Entry =>
  typeof value === 'object' && value !== null && 'index' in value && 'epoch' in value && 'kind' in value;
