/**
 * Makes the data directories of a new cluster out of a backup. The nodes run here for a moment, on a bus in memory, and agree
 * on one entry without content, by whichever protocol they are to be replicated. As of that entry, each is given the state of the backup as
 * its snapshot. So what a directory holds is what any node holds after a snapshot, and no protocol is known here.
 */

import type { QuorateError } from '../../../statecharts/actor.ts';
import { createMemoryNetwork } from '../../bus/memory.ts';
import { pause } from '../../environment/clock.ts';
import type { Environment } from '../../environment/environment.ts';
import { messageOf } from '../../environment/message.ts';
import { createNode, type Node } from '../../host/node.ts';
import { openFileJournal } from '../../journal/file-journal.ts';
import type { Journal } from '../../journal/journal.ts';
import { createDurablePeerMemory } from '../peer-journals.ts';
import { recordRestoration, restoredIn } from '../restoration.ts';
import { createKeyValueMachine } from '../store/key-value/machine.ts';
import type { Replication } from '../store/log/protocol-names.ts';
import { logProtocols } from '../store/log/protocols.ts';
import type { LogToken, ReplicatedLog } from '../store/log/replicated-log.ts';
import { startReplicatedStore } from '../store/replicated-store.ts';
import { defaultSessionLimits, encodeEntry } from '../store/sessions/entries.ts';
import { RestoreError } from './errors.ts';
import { type BackupHead, framesIn } from './format.ts';

export interface RestoreOptions {
  /** Reads the backup from its beginning, once for each node. It was checked to its end before. */
  readonly source: () => AsyncIterable<Uint8Array>;
  readonly head: BackupHead;
  /** The node of whose data it was made, where that is all that was left of its cluster. */
  readonly survivor?: string;
  /** The name of the new cluster. */
  readonly cluster: string;
  /** The directory of each node, by id; none is there yet. */
  readonly directories: ReadonlyMap<string, string>;
  readonly replication: Replication;
  readonly environment: Environment;
}

const key = 'kv';
/** How long the nodes may take to agree, and each to read its state again, in milliseconds. */
const patienceMs = 120_000;
const askAgainMs = 20;
/** What was proposed and is not committed by then is proposed again, in milliseconds. */
const proposeAgainMs = 2_000;

/** A node in the making. */
interface Founder {
  readonly node: Node;
  readonly journal: Journal;
  readonly log: ReplicatedLog;
  /** The first entry that was proposed. */
  first: { readonly index: number; readonly token: LogToken } | undefined;
  /** Requests that were answered. */
  readonly answered: Set<number>;
  failure: unknown;
}

/**
 * Makes them. What was begun is left behind on an error, for the caller to remove.
 *
 * @throws RestoreError; BackupDamagedError and its like when the file has changed; what a journal throws
 */
export async function restoreCluster(options: RestoreOptions): Promise<void> {
  const founders: Founder[] = [];
  const network = createMemoryNetwork(options.environment);
  try {
    for (const [id, directory] of options.directories)
      founders.push(await found(id, directory, network.join(id), options));
    introduce(founders);
    await agree(founders, options.environment);
    for (const founder of founders) await giveState(founder, options);
  } finally {
    for (const { node } of founders) await node.stop();
  }
  for (const [id, directory] of options.directories) await verify(id, directory, options);
}

async function found(
  id: string,
  directory: string,
  bus: ReturnType<ReturnType<typeof createMemoryNetwork>['join']>,
  { head, survivor, cluster, directories, replication, environment }: RestoreOptions,
): Promise<Founder> {
  const { clock, ids } = environment;
  const journal = await openFileJournal({ directory, node: id, clock, ids });
  await recordRestoration(journal, {
    cluster,
    from: head.cluster,
    index: head.index,
    revision: head.revision,
    ...(survivor === undefined ? {} : { survivor }),
  });
  const node = createNode({ id, bus, journal, environment });
  const { protocol, ...durability } = replication;
  const log = logProtocols[protocol].start({ voters: [...directories.keys()], ...durability })({
    node,
    key,
    environment,
  });
  const founder: Founder = { node, journal, log, first: undefined, answered: new Set(), failure: undefined };
  log.listen({
    event(event) {
      if (event.type === 'startedOver') founder.first = undefined;
      else if (event.type === 'committed') {
        for (const { command, index, token } of event.entries) {
          if (command !== undefined) founder.first ??= { index, token };
        }
      } else if (event.type === 'readable' || event.type === 'refused') founder.answered.add(event.id);
    },
    changed() {},
    ended(error) {
      founder.failure = error ?? new RestoreError('a node has ended');
    },
  });
  return founder;
}

/** Each knows the others by their journals from now on: a directory of the old cluster is refused, whatever it is started with. */
function introduce(founders: readonly Founder[]): void {
  for (const { node, journal } of founders) {
    const memory = createDurablePeerMemory(journal);
    for (const other of founders) if (other.node !== node) memory.rememberPeer(other.node.id, other.journal.id);
  }
}

/** Waits until `isDone`. @throws RestoreError when it takes too long, or a node has failed */
async function waited(
  what: string,
  founders: readonly Founder[],
  { clock }: Environment,
  isDone: () => boolean,
): Promise<void> {
  const untilMs = clock.nowMs() + patienceMs;
  while (!isDone()) {
    const failure = founders.find((it) => it.failure !== undefined)?.failure;
    if (failure !== undefined) throw failed(what, messageOf(failure));
    if (clock.nowMs() > untilMs) throw failed(what, `nothing came in ${patienceMs / 1_000} s`);
    await pause(clock, askAgainMs);
  }
}

const failed = (what: string, why: string): RestoreError =>
  new RestoreError(`expected ${what}, but ${why}; try again, on a disk with room and a machine with less to do`);

/** The nodes agree on an entry that changes nothing. */
async function agree(founders: readonly Founder[], environment: Environment): Promise<void> {
  let proposedMs = Number.NEGATIVE_INFINITY;
  let id = 0;
  await waited('the nodes to agree on a first entry', founders, environment, () => {
    const leader = founders.find(({ log }) => log.isLeader);
    if (founders.every(({ first }) => first !== undefined)) return true;
    const nowMs = environment.clock.nowMs();
    if (leader === undefined || nowMs - proposedMs < proposeAgainMs) return false;
    proposedMs = nowMs;
    id += 1;
    leader.log.propose(id, [encodeEntry([], defaultSessionLimits)]);
    return false;
  });
}

/** The state of the backup becomes the snapshot of a node, as of the entry on which all have agreed. */
async function giveState(founder: Founder, { source, environment }: RestoreOptions): Promise<void> {
  const { log, first } = founder;
  if (first === undefined) throw failed('an entry that all have agreed on', 'there is none');
  const writer = log.snapshot(first.index, first.token);
  const answered = (begin: (onDone: (error?: Error) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => begin((error) => (error === undefined ? resolve() : reject(error))));
  try {
    for await (const frame of framesIn(source())) {
      if (frame.type === 'part') await answered((onDone) => writer.write(frame.part, onDone));
    }
    await answered((onDone) => writer.finish(onDone));
  } catch (error) {
    writer.abandon();
    throw error;
  }
  // A server answers in order, and not before what it wrote down is durable: the snapshot is its own by then.
  log.read(0);
  await waited('the snapshot to be taken', [founder], environment, () => founder.answered.has(0));
}

/** Reads the directory of a node as its start does. @throws RestoreError unless the state is that of the backup */
async function verify(
  id: string,
  directory: string,
  { head, directories, replication, environment }: RestoreOptions,
): Promise<void> {
  const { clock, ids } = environment;
  const journal = await openFileJournal({ directory, node: id, clock, ids });
  restoredIn(journal);
  const node = createNode({ id, bus: createMemoryNetwork({ clock }).join(id), journal, environment });
  try {
    const { protocol, ...durability } = replication;
    const store = startReplicatedStore({
      node,
      machine: createKeyValueMachine(environment.randomness.stream('hash')),
      log: logProtocols[protocol].start({ voters: [...directories.keys()], ...durability }),
      key,
      environment,
    });
    let failure: QuorateError | undefined;
    store.failure.subscribe((error) => {
      failure = error;
    });
    const untilMs = clock.nowMs() + patienceMs;
    while (store.status().revision !== head.revision) {
      if (failure !== undefined) throw failed(`node ${id} to read the state`, failure.message);
      if (clock.nowMs() > untilMs) {
        throw failed(`node ${id} to be at revision ${head.revision}`, `it is at ${store.status().revision}`);
      }
      await pause(clock, askAgainMs);
    }
  } finally {
    await node.stop();
  }
}
