/** What a replica that is not primary does with what the primary sends (VR §4.1), and with what it must not take. */

import { deliver, deliverAhead, send } from '../../actor/effects.ts';
import type { Effect, Received, ReplicaContext, Result } from '../context.ts';
import { ReplicaInvariantError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Entry } from '../messages.ts';
import { learnCommitted } from './committing.ts';
import { entriesWritten } from './records.ts';

type Append = Received<'append'>;
type FromPrimary = Received<'append' | 'installSnapshot'>;

/** VR §4.1: the sender is in a later epoch, of which this replica has not been told. */
export const isOfLaterEpoch = ({ configuration }: ReplicaContext, { epoch }: FromPrimary): boolean =>
  epoch > configuration.epoch;

/** The sender's epoch is over, or this replica has promised to take nothing of its configuration (VR §4.2). */
export const isOutdated = (
  { configuration, promised }: ReplicaContext,
  { epoch, version }: Received<'append' | 'installSnapshot'>,
): boolean => epoch < configuration.epoch || version <= promised;

/** The sender hears that it must ask what the configuration is. */
export const refuseOutdated = ({ configuration, promised }: ReplicaContext, { from }: FromPrimary): Result => ({
  effects: [send(from, { type: 'outdated', epoch: configuration.epoch, version: promised })],
});

/** VR §4.1: takes what follows the log, and says how far it reaches once that is durable. */
export function appendFromPrimary(context: ReplicaContext, message: Append): Result {
  const { log } = context;
  const { entries, epoch, from, previousEpoch, previousIndex, round } = message;
  // What compaction took is in every later primary's log: there the logs agree.
  const isCompacted = previousIndex < log.baseIndex;
  if (!isCompacted && log.epochAt(previousIndex) !== previousEpoch) {
    const hintIndex = log.lastIndexOfEpoch(previousIndex, previousEpoch);
    const hintEpoch = log.epochAt(hintIndex) ?? 0;
    return {
      effects: [
        send(from, { type: 'appended', epoch, matches: false, index: previousIndex, hintIndex, hintEpoch, round }),
      ],
    };
  }
  const matchIndex = Math.max(previousIndex + entries.length, isCompacted ? log.baseIndex : 0);
  const reply = send(from, {
    type: 'appended',
    epoch,
    matches: true,
    index: matchIndex,
    hintIndex: 0,
    hintEpoch: 0,
    round,
  } as const);
  const news = entriesNotIn(log, entries);
  const { context: grown, effects: discarding } =
    news.length === 0 ? { context, effects: [] } : replaceFrom(context, news);
  const known = Math.min(message.commitIndex, matchIndex);
  const { context: learned, effects } = learnCommitted(grown, known, known);
  return {
    context: learned,
    effects: [...discarding, ...effects, ...(news.length === 0 ? [] : [entriesWritten(news)]), reply],
  };
}

/** `entries` from the first one on that is missing here or differs; duplicates and latecomers leave nothing. */
function entriesNotIn(log: Log, entries: readonly Entry[]): readonly Entry[] {
  const [first] = entries;
  if (first === undefined || first.index === log.lastIndex + 1) return entries;
  const place = entries.findIndex(({ index, epoch }) => index > log.baseIndex && log.epochAt(index) !== epoch);
  return place === -1 ? [] : entries.slice(place);
}

/** What an earlier epoch has left, and no later primary has, goes; what is new comes. */
function replaceFrom(context: ReplicaContext, news: readonly Entry[]): { context: ReplicaContext; effects: Effect[] } {
  const keptIndex = (news[0]?.index ?? 0) - 1;
  const { context: kept, effects } = discardAfter(context, keptIndex);
  return { context: { ...kept, log: kept.log.upTo(keptIndex).append(news) }, effects };
}

/**
 * Reports what is discarded after `keptIndex`. Where some of it was delivered, the application starts over from what no
 * failover loses.
 *
 * @throws ReplicaInvariantError when that was to survive every failover
 */
export function discardAfter(
  context: ReplicaContext,
  keptIndex: number,
): { context: ReplicaContext; effects: Effect[] } {
  const { commitIndex, configuration, log, safeIndex, snapshot } = context;
  if (keptIndex >= log.lastIndex) return { context, effects: [] };
  if (keptIndex < safeIndex) {
    throw new ReplicaInvariantError(
      `the primary of epoch ${configuration.epoch} contradicts entry ${keptIndex + 1}, though all up to ${safeIndex} survive every failover; check that every replica has its own data, and that all ask one authority`,
    );
  }
  const commands = log.between(keptIndex + 1, log.lastIndex).filter(({ kind }) => kind === 'command');
  const acknowledged = commands.filter(({ index }) => index <= commitIndex).length;
  const discarded = discardedTold(commands, acknowledged);
  if (commitIndex <= keptIndex) return { context, effects: discarded };
  const begun = snapshot?.index ?? 0;
  const restored: Effect[] =
    snapshot === null
      ? []
      : [deliverAhead({ type: 'snapshotInstalled', index: begun, epoch: snapshot.epoch, file: snapshot.file })];
  return {
    context: { ...context, commitIndex: begun, safeIndex: begun, held: null, compactionAsked: false },
    effects: [...discarded, deliverAhead({ type: 'startedOver' } as const), ...restored],
  };
}

/** The entry that opened an epoch holds no write, so its end is no news. */
function discardedTold(commands: readonly Entry[], acknowledged: number): Effect[] {
  const [first, last] = [commands[0], commands.at(-1)];
  if (first === undefined || last === undefined) return [];
  return [deliver({ type: 'discarded', from: first.index, to: last.index, acknowledged } as const)];
}
