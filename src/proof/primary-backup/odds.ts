/**
 * The odds of a promotion, of a store with one backup and synchronous writes: the primary dies. Prepared: the backup runs then, and the
 * authority has it recorded as in sync. Committed: the backup is primary of the next epoch, and holds all that was acknowledged;
 * before it would have to ask the authority again.
 *
 * The store works and holds a write before anything is lost. The backup is down with the probability that it is in the long run.
 */

import * as v from 'valibot';
import { type Address, addressOf } from '../../../statecharts/actor.ts';
import { configuration } from '../../../statecharts/primary-backup/configuration.ts';
import { primaryBackupReplica, type ReplicaRequest } from '../../../statecharts/primary-backup.ts';
import { defineModel, type Observation } from '../../checker.ts';
import { availability } from '../../odds.ts';
import { numberIn } from '../log/history.ts';
import { type OddsParametersOf, usualFaults } from '../odds/parameters.ts';
import { defineOdds, type OddsPredicate, type WeighedSystem } from '../odds.ts';
import { primaryBackupModel } from './model.ts';
import { promotionFormulas } from './odds/formulas.ts';
import { times } from './odds/times.ts';

/** What the odds of a promotion depend on. */
export type PromotionOddsParameters = OddsParametersOf<'loss' | 'mttfMs' | 'mttrMs'>;

/** What is remembered of a run. */
export interface PromotionOddsHistory {
  /** What the authority has recorded last. */
  readonly recorded: { readonly epoch: number; readonly primary: Address; readonly inSync: readonly Address[] };
  readonly isBackupDown: boolean;
  /** Set when the primary dies: whether the backup runs, and is recorded as in sync. */
  readonly wasInSync: boolean | null;
  /** The last entry that was acknowledged, and the last one that the backup has said to hold. */
  readonly acknowledged: number;
  readonly held: number;
  /** Whether the backup has asked the authority to be primary, and whether it has taken office. */
  readonly hasAsked: boolean;
  readonly isInOffice: boolean;
}

const addressOn = (node: string): Address => addressOf(node, primaryBackupReplica.name, 'kv');
const primary = 'n1';
const backup = 'n2';
const backupAddress = addressOn(backup);

const none: PromotionOddsHistory = {
  recorded: { epoch: 1, primary: addressOn(primary), inSync: [primary, backup].map(addressOn) },
  isBackupDown: false,
  wasInSync: null,
  acknowledged: 0,
  held: 0,
  hasAsked: false,
  isInOffice: false,
};

/** Folds what happens into the history. */
export function observePromotionOdds(history: PromotionOddsHistory, happening: Observation): PromotionOddsHistory {
  switch (happening.type) {
    case 'sent':
      return said(history, happening);
    case 'delivered': {
      const { actor, output } = happening;
      if (actor === backupAddress && output.type === 'inSync') {
        return { ...history, isInOffice: history.recorded.epoch > 1 && history.recorded.primary === backupAddress };
      }
      if (actor === backupAddress || output.type !== 'committed' || !('entries' in output)) return history;
      const entries = Array.isArray(output.entries) ? output.entries.length : 0;
      return { ...history, acknowledged: history.acknowledged + entries };
    }
    case 'crashed': {
      if (happening.node === backup) return { ...history, isBackupDown: true };
      const wasInSync = !history.isBackupDown && history.recorded.inSync.includes(backupAddress);
      return { ...history, wasInSync };
    }
    default:
      return history;
  }
}

function said(history: PromotionOddsHistory, happening: Observation & { type: 'sent' }): PromotionOddsHistory {
  const { from, message } = happening;
  switch (message.type) {
    case 'configured': {
      if (!('configuration' in message) || !v.is(configuration, message.configuration)) return history;
      const { epoch, primary: chosen, inSync } = message.configuration;
      return { ...history, recorded: { epoch, primary: chosen, inSync } };
    }
    case 'appended':
      return from === backupAddress
        ? { ...history, held: Math.max(history.held, numberIn(message, 'index')) }
        : history;
    case 'reconfigure':
      return from === backupAddress ? { ...history, hasAsked: true } : history;
    default:
      return history;
  }
}

/** The backup runs, and is recorded as in sync, when the primary dies. */
export const isPrepared = ({ wasInSync }: PromotionOddsHistory): boolean => wasInSync === true;

/** The backup is primary, and lacks nothing that was acknowledged. */
export const isCommitted = ({ isInOffice, held, acknowledged }: PromotionOddsHistory): boolean =>
  isInOffice && held >= acknowledged;

function system({ loss, mttfMs, mttrMs }: PromotionOddsParameters): WeighedSystem<PromotionOddsHistory> {
  const { name, actors, resources = {} } = primaryBackupModel({ nodes: 2 });
  const isOver: OddsPredicate<PromotionOddsHistory> = ({ history, hasLasted }) =>
    history.isInOffice || history.wasInSync === false || hasLasted('attempt');
  const write: ReplicaRequest = { type: 'propose', id: 1, commands: [new Uint8Array([1])] };
  return {
    model: defineModel({ name, actors, resources, history: { start: none, observe: observePromotionOdds } }),
    weights: {
      tickMs: 1,
      delay: times.messageMs,
      loss,
      losslessTicks: times.lossyMs,
      drawnAt: [{ fraction: 0.5, probability: 1 }],
      crashes: {
        scheduled: [
          { node: backup, afterTicks: 0, probability: 1 - availability({ mttfMs, mttrMs }) },
          { node: primary, afterTicks: times.crashMs },
        ],
      },
      requests: [{ actor: addressOn(primary), request: write, afterTicks: times.writtenMs }],
    },
    isPrepared: ({ history }) => isPrepared(history),
    isCommitted: ({ history }) => isCommitted(history),
    isAnswered: isOver,
    isOver,
    blocking: {},
    lasting: { attempt: { holds: ({ history }) => history.hasAsked, ticks: times.attemptMs } },
    atMostBeyond: {},
    notGiven: { blocked: 'an attempt ends before; clients wait for as long as the latency says' },
  };
}

/** The odds of a promotion. */
export const primaryBackupOdds = defineOdds({
  name: 'primary-backup',
  about: 'the promotion of the one backup of a store with synchronous writes, when its primary dies',
  factors: {
    prepare: 'the backup runs, and is recorded as in sync, when the primary dies',
    commit: 'the authority hears that the backup is to be primary, and the backup hears that it is, without a loss',
  },
  remark:
    'A backup that runs, or that was heard a moment ago, is not one that may be promoted: what counts is the in-sync set that the authority has ' +
    'recorded, or a write that was acknowledged without the backup is lost.',
  defaults: usualFaults,
  verified: {},
  formulas: promotionFormulas,
  system,
});
