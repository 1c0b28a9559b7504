/**
 * The last node of a cluster whose majority is gone for good: what its directory holds, and the state that this makes. Nothing is
 * written there but what any opening of a journal mends, and no other process opens it meanwhile.
 */

import { existsSync, readdirSync } from 'node:fs';
import type { QuorateError } from '../../../statecharts/actor.ts';
import { createMemoryNetwork } from '../../bus/memory.ts';
import { pause } from '../../environment/clock.ts';
import type { Environment } from '../../environment/environment.ts';
import { createNode } from '../../host/node.ts';
import { openFileJournal } from '../../journal/file-journal.ts';
import type { Journal } from '../../journal/journal.ts';
import { createMemoryJournal } from '../../journal/memory.ts';
import { restoredIn } from '../restoration.ts';
import { createKeyValueMachine } from '../store/key-value/machine.ts';
import type { LogProtocolName } from '../store/log/protocol-names.ts';
import { hasRecordsOf, logProtocols, replicationOf } from '../store/log/protocols.ts';
import type { SurvivingLog } from '../store/log/surviving.ts';
import { startReplicatedStore } from '../store/replicated-store.ts';
import { RecoveryError } from './errors.ts';
import type { BackupHead } from './format.ts';
import { replayOf } from './replay.ts';
import { backupOf } from './writing.ts';

const key = 'kv';
/** How long the state may make no headway, in milliseconds. */
const patienceMs = 120_000;
const askAgainMs = 20;

/** What a directory holds, and what of it is certain. */
export interface Remains
  extends Pick<SurvivingLog, 'voters' | 'committedIndex' | 'lastIndex' | 'beyondGap' | 'remark'> {
  readonly node: string;
  readonly protocol: LogProtocolName;
  /** The cluster that the data is of, where it says so: it was restored, or recovered, then. */
  readonly cluster: string | undefined;
  /** Whether the node votes, as far as it knows: one that does not may be far behind. */
  readonly votes: boolean;
}

/** The state that the remains make. */
export interface RecoveredState {
  readonly head: BackupHead;
  /** It as a backup, from its beginning; one at a time. */
  source(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** A directory that is open, and locked. */
export interface Survivor {
  readonly remains: Remains;
  /** @param cluster the name of the cluster that it is of @throws RecoveryError */
  state(cluster: string): Promise<RecoveredState>;
  close(): Promise<void>;
}

/**
 * Opens the directory of a node that does not run.
 *
 * @throws RecoveryError when no log is there; JournalLockedError while the node runs; JournalOwnerError for another node's; what
 *   `openFileJournal` throws
 */
export async function openSurvivor(directory: string, node: string, environment: Environment): Promise<Survivor> {
  const { clock, ids } = environment;
  if (!existsSync(directory) || readdirSync(directory).length === 0) throw nothingIn(directory);
  const journal = await openFileJournal({ directory, node, clock, ids });
  try {
    if (!hasRecordsOf(journal, key)) throw nothingIn(directory);
    const { protocol } = replicationOf(journal, key);
    const log = logProtocols[protocol].survivingIn(journal, key);
    if (log.lastIndex === 0) throw nothingIn(directory);
    const { voters, committedIndex, lastIndex, beyondGap, remark } = log;
    const cluster = restoredIn(journal)?.cluster;
    const votes = voters.includes(node);
    return {
      remains: { node, protocol, cluster, votes, voters, committedIndex, lastIndex, beyondGap, remark },
      state: (name) => stateOf(log, journal, { cluster: name, node, protocol }, environment),
      close: () => journal.close(),
    };
  } catch (error) {
    await journal.close();
    throw error;
  }
}

const nothingIn = (directory: string): RecoveryError =>
  new RecoveryError(
    `expected the data of a node that has run in '${directory}', got none; name the directory of a node, such as data/n1`,
  );

/** Has a store apply what is left, on a node that keeps nothing and reaches no other one. */
async function stateOf(
  log: SurvivingLog,
  journal: Journal,
  origin: Pick<BackupHead, 'cluster' | 'node' | 'protocol'>,
  environment: Environment,
): Promise<RecoveredState> {
  const { clock, ids } = environment;
  const id = origin.node;
  const bus = createMemoryNetwork({ clock }).join(id);
  const node = createNode({ id, bus, journal: createMemoryJournal({ node: id, clock, ids }), environment });
  const store = startReplicatedStore({
    node,
    machine: createKeyValueMachine(environment.randomness.stream('hash')),
    log: replayOf(log, journal.snapshots),
    key,
    environment,
  });
  let failure: QuorateError | undefined;
  store.failure.subscribe((error) => {
    failure = error;
  });
  try {
    let applied = 0;
    let untilMs = clock.nowMs() + patienceMs;
    for (;;) {
      const { appliedIndex } = store.status();
      if (failure !== undefined) throw failure;
      if (appliedIndex >= log.lastIndex) break;
      if (appliedIndex > applied) untilMs = clock.nowMs() + patienceMs;
      else if (clock.nowMs() > untilMs) {
        throw new RecoveryError(
          `expected all entries up to ${log.lastIndex} to be applied, but ${appliedIndex} was the last one for ${patienceMs / 1_000} s; try again on a machine with less to do`,
        );
      }
      applied = appliedIndex;
      await pause(clock, askAgainMs);
    }
    const copied = () => {
      const copy = store.copy();
      if (copy !== undefined) return copy;
      throw new RecoveryError('expected a state that can be copied, but it is being copied; read one copy at a time');
    };
    const copy = copied();
    const head = { ...origin, index: copy.index, revision: copy.revision };
    copy.release();
    return { head, source: () => backupOf({ copy: copied(), head, clock }), close: () => node.stop() };
  } catch (error) {
    await node.stop();
    throw error;
  }
}
