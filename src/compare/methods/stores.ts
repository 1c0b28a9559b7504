/** Methods that replicate a store: both accounts are one state machine's, over a log; and the same store without copies. */

import { filter } from 'rxjs';
import * as v from 'valibot';
import { fixed } from '../../../statecharts/actor.ts';
import type { Mode } from '../../../statecharts/replication/modes.ts';
import { messageOf } from '../../environment/message.ts';
import { createNode } from '../../host/node.ts';
import { createStoreClient } from '../../services/store/client.ts';
import { NotHappenedError } from '../../services/store/errors.ts';
import { paxos } from '../../services/store/log/paxos.ts';
import { primaryBackup } from '../../services/store/log/primary-backup.ts';
import { raft } from '../../services/store/log/raft.ts';
import type { LogStarter } from '../../services/store/log/replicated-log.ts';
import { type ReplicatedStore, startReplicatedStore } from '../../services/store/replicated-store.ts';
import type { Executor } from '../../services/store/requests/requester.ts';
import { clientAddress } from '../../services/store/requests/wire.ts';
import type { Boot, OperationEnd } from '../../simulator/scenario.ts';
import type { Method, MethodStage, Teller } from '../contract.ts';
import { machines } from '../faults.ts';
import { createLedger, namesSchema, questions, transferCommand } from '../ledger.ts';
import { patienceMs } from '../workload.ts';

const key = 'accounts';

/** What a store expresses: both accounts are in it. */
const operations: Method['operations'] = {
  transfer: { how: 'one command of the replicated state machine' },
  read: { how: 'one linearizable question' },
  'transfer-across': {
    notApplicable: 'a log orders the commands of one store; two stores need an atomic commit between them',
  },
  retry: { how: 'each client has a session, and its requests numbers: what is asked again is carried out once' },
};

/** No transaction of a store is ever prepared. */
const lacks: Method['lacks'] = {
  isolation: 'a command of the store is a whole transaction: none has several statements between which others come',
  blocked: 'a command is carried out in one step: nothing is prepared, and nothing holds locks meanwhile',
};

interface StoreMethod {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly log: (voters: readonly string[]) => LogStarter;
  /** The machines that have a copy. */
  readonly voters: readonly string[];
  readonly spared?: Method['spared'];
  /** What is known of it otherwise. */
  readonly limits?: { readonly server: { readonly entryBytes: number } };
}

/** How an operation of a store's client has ended that was refused, or is in doubt. */
export const outcomeOf = (error: unknown): OperationEnd =>
  error instanceof NotHappenedError
    ? { type: 'failed', reason: error.code }
    : { type: 'unknown', reason: messageOf(error) };

/** A machine's client, through its own store or over the bus. */
function tellerWith(executor: Executor): Pick<Teller, 'transfer' | 'read' | 'carriedOut'> {
  const deadlineMs = patienceMs;
  const ended = (asked: Promise<unknown>): Promise<OperationEnd> =>
    asked.then((value): OperationEnd => ({ type: 'ok', value }), outcomeOf);
  return {
    transfer: (transfer) => ended(executor.execute(transferCommand(transfer), { deadlineMs })),
    read: () => ended(executor.query(questions.balances, { deadlineMs })),
    carriedOut: async () => v.parse(namesSchema, await executor.query(questions.carriedOut, { deadlineMs })),
  };
}

/** A machine that has no copy asks those that have one over the bus. */
function bootClient({ id, bus, journal, environment }: Boot, voters: readonly string[]): Teller {
  const self = clientAddress(id, key);
  const hidden = {
    ...bus,
    envelopes: (address?: Parameters<typeof bus.envelopes>[0]) =>
      bus.envelopes(address).pipe(filter(({ to }) => to !== self)),
  };
  const node = createNode({ id, bus: hidden, journal, environment });
  const peers = bus.peers.pipe(filter((it) => voters.includes(it.node)));
  const client = createStoreClient({ ...bus, peers }, { key, environment });
  return { node, ...tellerWith(client.executor) };
}

function storeMethod({ log, voters, limits, spared = {}, ...named }: StoreMethod): Method {
  return {
    ...named,
    operations,
    lacks,
    spared,
    servers: [],
    copies: [voters],
    stage(): MethodStage {
      const stores = new Map<string, ReplicatedStore>();
      return {
        servers: new Map(),
        boot(boot) {
          if (!voters.includes(boot.id)) return bootClient(boot, voters);
          const { id, bus, journal, environment } = boot;
          const node = createNode({ id, bus, journal, environment });
          const store = startReplicatedStore({
            node,
            key,
            machine: createLedger(),
            log: log(voters),
            environment,
            ...(limits === undefined ? {} : { limits }),
          });
          stores.set(id, store);
          return { node, failure: store.failure, ...tellerWith(store) };
        },
        serving: () => [...stores].find(([, store]) => store.status().role === 'leader')?.[0],
        died: (machine) => void stores.delete(machine),
      };
    },
  };
}

/** A voter that is alone need not wait for others to stand. */
const alone = { electionTimeout: fixed(1), minElectionTimeout: fixed(1) };

const alternatives: Readonly<Record<Mode, string>> = {
  sync: 'a write is acknowledged once all that are in sync hold it',
  quorum: 'a write is acknowledged once a majority of the replicas, all of them in sync, hold it',
  async: 'a write is acknowledged once the primary holds it; a failover may lose the last 100 entries',
};

const byPrimary = (mode: Mode): Method =>
  storeMethod({
    name: `primary-backup-${mode}`,
    title: `primary-backup, ${mode}`,
    about: `Three replicas, whose configuration Raft keeps on the same machines; ${alternatives[mode]}.`,
    voters: machines,
    log: (voters) => primaryBackup({ voters, mode }),
    // What a failover may lose is counted in entries.
    ...(mode === 'async' ? { limits: { server: { entryBytes: 1 } } } : {}),
  });

export const none: Method = storeMethod({
  name: 'none',
  title: 'no replication',
  about: 'The same store and journal on one machine, the first; clients beside the others ask it over the network.',
  voters: ['n1'],
  log: (voters) => raft({ voters, delays: alone }),
});

export const storeMethods: readonly Method[] = [
  storeMethod({
    name: 'raft',
    title: 'Raft',
    about:
      'Three servers; a leader, a majority holds each entry before it is acknowledged. Elections after 0.5 to 1 s.',
    voters: machines,
    log: (voters) => raft({ voters }),
  }),
  storeMethod({
    name: 'multi-paxos',
    title: 'Multi-Paxos',
    about: 'Three servers; a distinguished proposer, a majority accepts each slot before it is acknowledged.',
    voters: machines,
    log: (voters) => paxos({ voters }),
  }),
  byPrimary('sync'),
  byPrimary('quorum'),
  byPrimary('async'),
];
