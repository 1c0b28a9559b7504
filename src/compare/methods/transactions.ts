/** Methods that commit atomically over two databases, one for each account: two-phase commit, and Paxos Commit. */

import { Subject } from 'rxjs';
import { messageOf } from '../../environment/message.ts';
import { createNode } from '../../host/node.ts';
import { raft } from '../../services/store/log/raft.ts';
import { startReplicatedStore } from '../../services/store/replicated-store.ts';
import {
  createDecisionRegister,
  createDecisionRegisterMachine,
  createTransactionClient,
  createTransactionManager,
  type DecisionRegister,
  inRegister,
  paxosCommit,
  TransactionAbortedError,
  type TransactionManager,
  type TransactionManagerOptions,
  type TransactOptions,
  transactionDefinitions,
  type WorkOf,
} from '../../services/transactions.ts';
import {
  connectDatabase,
  createDatabaseServer,
  type DatabaseServer,
  type SimulatedDatabase,
} from '../../simulator/database.ts';
import type { Boot, OperationEnd } from '../../simulator/scenario.ts';
import {
  type Balances,
  type Method,
  type MethodStage,
  opening,
  type Placed,
  type StageOptions,
  type Teller,
} from '../contract.ts';
import { machines } from '../faults.ts';
import { databaseOf } from '../isolation/statements.ts';
import { patienceMs } from '../workload.ts';
import { type BranchBook, createBranchBook } from './branch-book.ts';

/** Where decisions are kept. */
type Place = 'journal' | 'last' | 'register' | 'acceptors';

/** Each account is in a database of its own, on a machine of its own, which is in the zone of a manager. */
const databases: readonly (Placed & { readonly account: keyof Balances })[] = [
  { name: 'bank-a', account: 'a', zone: 'n1', isOnMachine: false },
  { name: 'bank-b', account: 'b', zone: 'n2', isOnMachine: false },
];

type Owned = { readonly a: SimulatedDatabase; readonly b: SimulatedDatabase; readonly decisions: DecisionRegister };

/** What a caller waits for is as long as clients wait; all else is as managers have it by default. */
const times = {
  timeoutMs: patienceMs,
  voteTimeoutMs: patienceMs,
  outcomeTimeoutMs: patienceMs,
  resourceDeadlineMs: patienceMs / 2,
} as const;

/** How often each machine asks the others whether they answer, and how often in a row they may not. */
const watching = { intervalMs: 500, timeoutMs: 500, misses: 2 } as const;

interface Parts {
  readonly place: Place;
  readonly servers: Readonly<Record<keyof Balances, DatabaseServer>>;
  readonly book: BranchBook;
  readonly options: StageOptions;
}

function bootTeller(boot: Boot, { place, servers, book, options }: Parts): Teller {
  const { id, bus, journal, environment } = boot;
  const { time, links, costs } = options;
  const { clock, ids, randomness } = environment;
  const client = { machine: id, life: ids.next(), bornMs: time.nowMs() };
  const connect = (server: DatabaseServer): SimulatedDatabase =>
    connectDatabase({
      server,
      clock,
      time,
      client,
      random: randomness.stream(`wire/${server.name}`),
      line: {
        sent: costs.message,
        isCut: (way) => (way === 'request' ? links.isCut(id, server.name) : links.isCut(server.name, id)),
      },
    });
  const register = createDecisionRegister({ clock });
  const resources: Owned = { a: connect(servers.a), b: connect(servers.b), decisions: register };
  const node = createNode({ id, bus, journal, environment, resources, definitions: transactionDefinitions });
  if (place === 'register') {
    const log = raft({ voters: boot.machines });
    register.attach(
      startReplicatedStore({ node, key: 'decisions', machine: createDecisionRegisterMachine(), log, environment }),
    );
  }
  let manager: TransactionManager<Owned> | undefined;
  const failure = new Subject<unknown>();
  createTransactionManager({ node, environment, times, nested: 'unchecked', ...decidedIn(place, boot.machines) }).then(
    (made) => {
      manager = made;
      if (place === 'register' || place === 'acceptors') takeOverFromTheDead(boot, made);
    },
    (error: unknown) => failure.next(error),
  );

  const transact = async (
    act: (work: WorkOf<Owned>) => Promise<Balances | undefined>,
    how: TransactOptions = {},
  ): Promise<OperationEnd> => {
    if (manager === undefined) return { type: 'failed', reason: 'the manager is not ready' };
    let seen: Balances | undefined;
    try {
      await manager.transact(async (work) => {
        seen = await act(work);
      }, how);
      return { type: 'ok', value: seen };
    } catch (error) {
      if (error instanceof TransactionAbortedError) return { type: 'failed', reason: error.reason };
      return { type: 'unknown', reason: messageOf(error) };
    }
  };
  return {
    node,
    failure,
    transfer: ({ id: note, amount }) =>
      transact(async ({ a, b }) => ({
        a: await a.add('account', -amount, note),
        b: await b.add('account', amount, note),
      })),
    // Adding nothing takes the locks of a write, so that what is read at both is of one moment.
    read: () => transact(async ({ a, b }) => ({ a: await a.add('account', 0, ''), b: await b.add('account', 0, '') })),
    transact: ({ isolation, databases, steps }, note) =>
      transact(
        async ({ a, b }) => {
          for (const step of steps) {
            const { f, account, amount } = step;
            const bank = databaseOf(account, databases) === 'first' ? a : b;
            note(step, f === 'read' ? await bank.balance(account) : await bank.add(account, amount, ''));
          }
          return undefined;
        },
        { isolation },
      ),
    carriedOut: async () => book.carriedOut(Object.values(servers)),
  };
}

function decidedIn(
  place: Place,
  acceptors: readonly string[],
): Pick<TransactionManagerOptions<Owned>, 'decisions' | 'last'> {
  switch (place) {
    case 'journal':
      return {};
    case 'last':
      return { last: 'b' };
    case 'register':
      return { decisions: inRegister('decisions') };
    case 'acceptors':
      return { decisions: paxosCommit({ acceptors }) };
  }
}

/** What an operator's script does: a machine that does not answer loses its transactions to the one that asked it. */
function takeOverFromTheDead({ id, bus, machines: all, environment }: Boot, manager: TransactionManager<Owned>): void {
  const { clock } = environment;
  for (const other of all) {
    if (other === id) continue;
    const asked = createTransactionClient({ bus, manager: other, environment });
    let missed = 0;
    const look = async (): Promise<void> => {
      try {
        await asked.list({ timeoutMs: watching.timeoutMs });
        missed = 0;
      } catch {
        missed += 1;
      }
      if (missed === watching.misses) await manager.takeOver(other).catch(() => undefined);
      clock.setTimeout(() => void look(), watching.intervalMs);
    };
    clock.setTimeout(() => void look(), watching.intervalMs);
  }
}

function stageOf(place: Place, options: StageOptions): MethodStage {
  const { time, randomness, costs } = options;
  const book = createBranchBook(time, costs);
  const serverOf = ({ name, account }: (typeof databases)[number]): DatabaseServer =>
    createDatabaseServer({
      name,
      balances: new Map([['account', opening[account]]]),
      ties: false,
      time,
      random: randomness.stream(`server/${name}`),
      witness: book.witness,
      pace: 'steady',
    });
  const [a, b] = databases.map(serverOf);
  if (a === undefined || b === undefined) throw new TypeError('expected two databases');
  return {
    servers: new Map([a, b].map((server) => [server.name, server])),
    boot: (boot) => bootTeller(boot, { place, servers: { a, b }, book, options }),
    // Each machine coordinates what its own client asks for; the first is as good as any.
    serving: () => machines[0],
    died(machine) {
      a.machineDied(machine);
      b.machineDied(machine);
    },
    blockedLongerThan: (ms) => book.preparedLongerThan(ms),
  };
}

const operations: Method['operations'] = {
  transfer: { how: 'one transaction with a branch at each database' },
  read: { how: 'one transaction that takes the locks of both accounts' },
  'transfer-across': { how: 'the same: each account is in a database of its own' },
  retry: { how: 'an idempotency key, which is written down before anything is prepared; not used in this workload' },
};

const transactionMethod = (place: Place, name: string, title: string, about: string): Method => ({
  name,
  title,
  about,
  operations,
  lacks: {},
  spared: {},
  servers: databases,
  copies: databases.map(({ name }) => [name]),
  stage: (options) => stageOf(place, options),
});

const databasesAre =
  'Each of three machines coordinates what its client asks for; both databases are on machines of their own.';

export const transactionMethods: readonly Method[] = [
  transactionMethod(
    'journal',
    '2pc-journal',
    '2PC, decisions in the journal',
    `${databasesAre} A decision is in the journal of the machine that coordinates, and waits for it.`,
  ),
  transactionMethod(
    'last',
    '2pc-last-resource',
    '2PC, last resource',
    `${databasesAre} The second is never prepared: its own commit, after the vote of the first, is the decision.`,
  ),
  transactionMethod(
    'register',
    '2pc-register',
    '2PC, decisions in a register',
    `${databasesAre} Decisions are in a register that Raft replicates; a machine that does not answer twice is taken over from.`,
  ),
  transactionMethod(
    'acceptors',
    'paxos-commit',
    'Paxos Commit',
    `${databasesAre} All machines are acceptors; a machine that does not answer twice is taken over from.`,
  ),
];
