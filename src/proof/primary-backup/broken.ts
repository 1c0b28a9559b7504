/**
 * Broken twins of the replica: each breaks one rule, as real systems have, and says how it is to be found out. A new rule
 * comes with the twin that breaks it, and so with the proof that its breach would not go unnoticed.
 */

import { send } from '../../../statecharts/actor.ts';
import type { ReplicaContext, Result } from '../../../statecharts/primary-backup/context.ts';
import { type ReplicaRules, replicaRules } from '../../../statecharts/primary-backup.ts';
import { answeredFirst, unwritten } from '../broken-results.ts';
import type { Twin } from '../protocol.ts';
import type { GivenPrimaryBackupBounds } from './bounds.ts';

export type PrimaryBackupTwin = Twin<GivenPrimaryBackupBounds, Partial<ReplicaRules>>;

/** The same context, in whose configuration the primary alone is in sync, as far as acknowledgements go. */
function alone(context: ReplicaContext): ReplicaContext {
  const { configuration, self } = context;
  return { ...context, configuration: { ...configuration, inSync: [self] } };
}

/** The same context, in whose configuration so much more may be lost. */
function withLoss(context: ReplicaContext, more: number): ReplicaContext {
  const { configuration } = context;
  return { ...context, configuration: { ...configuration, maxLoss: configuration.maxLoss + more } };
}

/** A result with the configuration that the context had before a rule was deceived about it. */
const undeceived = (result: Result, { configuration }: ReplicaContext): Result =>
  result.context === undefined ? result : { ...result, context: { ...result.context, configuration } };

/** Counts the set that was asked for, and not the one in force, as if it had been recorded. */
function asAsked(context: ReplicaContext): ReplicaContext {
  const { configuration, leadership } = context;
  const asked = leadership?.asked;
  return asked === null || asked === undefined
    ? context
    : { ...context, configuration: { ...configuration, inSync: asked.inSync } };
}

/** Primary and backups answer each other for ever. */
const answersAnswers: PrimaryBackupTwin = {
  name: 'a primary tells all again that it leads, whenever one of them has answered',
  rule: 'VR §4.1',
  broken: {
    noteAppended(context, reply) {
      const noted = replicaRules.noteAppended(context, reply);
      const told = replicaRules.sendHeartbeats({ ...context, ...noted.context });
      return {
        context: { ...noted.context, ...told.context },
        effects: [...(noted.effects ?? []), ...(told.effects ?? [])],
      };
    },
  },
  simulator: { isEndless: true },
};

const twoNodes: GivenPrimaryBackupBounds = { nodes: 2, entries: 1 };
/** Three replicas, of which a majority holds what is acknowledged. */
const majority: GivenPrimaryBackupBounds = { nodes: 3, mode: 'quorum', entries: 0, gathers: 0 };

export const primaryBackupTwins: readonly PrimaryBackupTwin[] = [
  {
    name: 'the epoch is not written down',
    rule: 'VR §4.2',
    broken: { adopt: (context, message) => unwritten(replicaRules.adopt(context, message)) },
    checker: { bounds: { ...twoNodes, epochs: 1, elections: 0, crashes: 1 }, violates: 'logs match' },
  },
  {
    name: 'the in-sync set is shrunk before that is recorded',
    rule: 'KIP-966',
    broken: {
      noteDurable: (context, message) => undeceived(replicaRules.noteDurable(asAsked(context), message), context),
      noteAppended: (context, message) => undeceived(replicaRules.noteAppended(asAsked(context), message), context),
      reviewInSyncSet(context) {
        const { context: reviewed, effects } = replicaRules.reviewInSyncSet(context);
        const next = { ...context, ...reviewed };
        return { context: { ...reviewed, configuration: asAsked(next).configuration }, ...(effects && { effects }) };
      },
    },
    checker: {
      bounds: { ...twoNodes, looks: 2, elections: 0, epochs: 1 },
      violates: 'what was acknowledged is durable in the in-sync set that is recorded',
    },
  },
  {
    name: 'how far logs reach is ignored when a primary is chosen',
    rule: 'VR §4.2',
    broken: { proposePrimary: (context) => replicaRules.proposePrimary({ ...context, promises: [] }) },
    checker: {
      bounds: { ...majority, inFlight: 6 },
      violates: 'what was acknowledged is in every later primary',
      statesToFind: 100_000,
    },
  },
  {
    name: 'a primary is chosen among too few',
    rule: 'VR §4.2',
    broken: { hasHeardEnough: () => true },
    checker: {
      bounds: { ...majority, gathers: 1, inFlight: 6 },
      violates: 'what was acknowledged is in every later primary',
      statesToFind: 300_000,
    },
  },
  {
    name: 'a stale configuration is accepted',
    rule: 'KIP-966',
    broken: { isSameEpoch: ({ configuration }, told) => told.configuration.epoch === configuration.epoch },
    checker: {
      bounds: { ...twoNodes, looks: 2, elections: 0, epochs: 1, duplicates: 1, inFlight: 3 },
      violates: 'what was acknowledged is durable in the in-sync set that is recorded',
    },
  },
  {
    name: 'how many are in sync is not counted',
    rule: 'KIP-966',
    broken: {
      adoptChange: (context, message) =>
        replicaRules.adoptChange(context, { ...message, configuration: { ...message.configuration, minInSync: 1 } }),
    },
    checker: {
      bounds: { ...twoNodes, minInSync: 2, looks: 2, elections: 0, epochs: 1, inFlight: 4 },
      violates: 'what was acknowledged is durable at as many as the store asks for',
    },
  },
  {
    name: 'a write is acknowledged before the in-sync set has it',
    rule: 'VR §4.1',
    broken: {
      noteDurable: (context, message) => undeceived(replicaRules.noteDurable(alone(context), message), context),
    },
    checker: {
      bounds: { ...twoNodes, entries: 0, elections: 0, epochs: 1 },
      violates: 'what was acknowledged is durable in the in-sync set that is recorded',
    },
  },
  {
    name: 'a backup answers before the entry is durable',
    rule: 'VR §4.1',
    broken: {
      appendFromPrimary: (context, message) => answeredFirst(replicaRules.appendFromPrimary(context, message)),
    },
    checker: {
      bounds: { ...twoNodes, entries: 0, elections: 0, epochs: 1, crashes: 1 },
      violates: 'what was acknowledged is durable in the in-sync set that is recorded',
    },
  },
  {
    name: 'a returning primary keeps what it never acknowledged',
    rule: 'VR §4.1',
    broken: {
      appendFromPrimary(context, message) {
        const { entries, epoch, from, previousIndex, round } = message;
        const index = previousIndex + entries.length;
        // As if what it holds were what it is sent.
        if (context.log.lastIndex < index || entries.length === 0) {
          return replicaRules.appendFromPrimary(context, message);
        }
        const reply = { type: 'appended', epoch, matches: true, index, hintIndex: 0, hintEpoch: 0, round } as const;
        return { effects: [send(from, reply)] };
      },
    },
    checker: {
      bounds: { ...twoNodes, entries: 2 },
      violates: 'what was acknowledged is durable in the in-sync set that is recorded',
    },
  },
  {
    name: 'a replica takes what it has promised to take nothing of',
    rule: 'VR §4.2',
    broken: {
      isOutdated: ({ configuration }, { epoch }) => epoch < configuration.epoch,
      hasPromised: () => false,
      mayLead: (context) => replicaRules.mayLead({ ...context, promised: 0 }),
      isInForce: (context, { configuration }) => configuration.version >= context.configuration.version,
    },
    checker: {
      bounds: { ...majority, gathers: 1, inFlight: 4 },
      violates: 'what was acknowledged is in every later primary',
    },
  },
  {
    name: 'a primary answers reads without being confirmed',
    rule: 'VR §4.1',
    broken: { startRead: (context, message) => undeceived(replicaRules.startRead(alone(context), message), context) },
    checker: {
      bounds: { ...twoNodes, entries: 0, reads: 1, looks: 1 },
      violates: 'outputs in order, reads linearizable, discards within the bound',
      statesToFind: 300_000,
    },
  },
  answersAnswers,
];

/** The same, of a store that may lose something. */
export const primaryBackupAsyncTwins: readonly PrimaryBackupTwin[] = [
  {
    name: 'more is acknowledged asynchronously than may be lost',
    rule: 'KIP-966',
    broken: {
      noteDurable: (context, message) => undeceived(replicaRules.noteDurable(withLoss(context, 1), message), context),
    },
    checker: {
      bounds: { nodes: 2, mode: 'async', maxLoss: 1, entries: 2, inFlight: 4 },
      violates: 'no more is lost than may be',
    },
    simulator: {},
  },
  answersAnswers,
];
