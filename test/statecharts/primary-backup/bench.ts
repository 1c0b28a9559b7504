/** Replicas at a chosen state, for tests of single transitions: the replica tested is n1, of n1, n2 and n3. */

import type { SnapshotFrom } from 'xstate';
import { type ActorState, type Address, marked, type Persist, persist } from '../../../statecharts/actor.ts';
import { newReplica } from '../../../statecharts/primary-backup/context.ts';
import {
  type Configuration,
  type Entry,
  foundingConfiguration,
  primaryBackupReplica,
  type ReplicaContext,
  type ReplicaInput,
  ReplicaLog,
  type ReplicaRecord,
  type replicaChart,
} from '../../../statecharts/primary-backup.ts';
import type { SnapshotFile } from '../../../statecharts/transfer.ts';

export type ReplicaState = ActorState<SnapshotFrom<typeof replicaChart>>;

export const n1: Address = 'n1/primary-backup.replica/kv';
export const n2: Address = 'n2/primary-backup.replica/kv';
export const n3: Address = 'n3/primary-backup.replica/kv';
export const authority: Address = 'n1/primary-backup.authority/kv';
export const replicas = [n1, n2, n3];

export const founding = foundingConfiguration({ replicas });
/** The second configuration: n2 is primary in epoch 2. */
export const ofN2: Configuration = { ...founding, version: 2, epoch: 2, primary: n2 };

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
export const command = (index: number, epoch: number, ...values: number[]): Entry => ({
  index,
  epoch,
  kind: 'command',
  data: bytes(...values),
});
export const noop = (index: number, epoch: number): Entry => ({ index, epoch, kind: 'noop' });

interface Wanted extends Partial<Omit<ReplicaContext, 'limits'>> {
  /** The epochs of the entries from 1 on, all of which are commands. */
  readonly epochs?: readonly number[];
  readonly limits?: ReplicaInput['limits'];
}

/** A context with what is `wanted`, and a log of commands with the given epochs. */
export function contextWith({ epochs = [], limits = {}, ...rest }: Wanted = {}): ReplicaContext {
  const log = ReplicaLog.empty.append(epochs.map((epoch, at) => command(at + 1, epoch, at + 1)));
  const remembered = { written: null, promised: 0, log, snapshot: null };
  const context = newReplica(remembered, { self: n1, input: { replicas, authority, limits } });
  return { ...context, ...rest };
}

export const asking = { fenced: { asking: 'waiting' } } as const;
export const listening = { backup: 'listening' } as const;
export const behind = { catchingUp: 'listening' } as const;

/** A backup of n2 in epoch 2. */
export const backupWith = (wanted: Wanted = {}): ReplicaState =>
  primaryBackupReplica.at(listening, contextWith({ configuration: ofN2, written: ofN2, ...wanted }));

/** A replica that is fenced, and knows of the first configuration. */
export const fencedWith = (wanted: Wanted = {}): ReplicaState => primaryBackupReplica.at(asking, contextWith(wanted));

/** An answer that `server` holds the primary's log up to `index`. */
export const holds = (server: Address, index: number, { epoch = 1, round = 0 } = {}) =>
  ({ type: 'appended', from: server, epoch, matches: true, index, hintIndex: 0, hintEpoch: 0, round }) as const;

/** The primary of `configuration` that has just taken office. */
export function newPrimaryWith(configuration: Configuration = founding, wanted: Wanted = {}): ReplicaState {
  const settling = primaryBackupReplica.at({ fenced: 'settling' }, contextWith({ configuration, ...wanted }));
  const { version } = configuration;
  return primaryBackupReplica.step(settling, { type: 'settled', from: n1, version }).state;
}

/** The same, which has heard from all others, and has acknowledged its first entry. */
export function primaryWith(configuration: Configuration = founding, wanted: Wanted = {}): ReplicaState {
  let state = newPrimaryWith(configuration, wanted);
  const { epoch } = configuration;
  const index = state.snapshot.context.log.lastIndex;
  state = primaryBackupReplica.step(state, { type: 'durable', from: n1, epoch, index }).state;
  for (const peer of [n2, n3]) state = primaryBackupReplica.step(state, holds(peer, index, { epoch })).state;
  return state;
}

/** A snapshot's file, as the chart knows it. */
export const fileOf = (index: number): SnapshotFile => ({
  name: `primary-backup.replica/kv/${index}`,
  sizeBytes: 8,
  checksum: index,
});

/** The record of `entries`, as it is written down. */
export const written = (entries: readonly Entry[]): Persist<ReplicaRecord> =>
  marked(persist({ type: 'entries', entries }), entries.at(-1)?.index ?? 0);
