/** What runs on a machine: a node with the transaction manager of production, and what clients do through it. */

import { Subject } from 'rxjs';
import * as v from 'valibot';
import { partsOf } from '../../../../statecharts/actor.ts';
import {
  coordinatorName,
  type Outcome,
  outcome as outcomeForm,
  participantMessages,
  participantName,
  type TwoPhaseCommit,
} from '../../../../statecharts/two-phase-commit.ts';
import { type Clock, pause } from '../../../environment/clock.ts';
import { createNode, type Node } from '../../../host/node.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../../resources/embedded/store.ts';
import { raft } from '../../../services/store/log/raft.ts';
import { startReplicatedStore } from '../../../services/store/replicated-store.ts';
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
  TransactionOutcomeUnknownError,
  type TransactionTimes,
  type WorkOf,
} from '../../../services/transactions.ts';
import { connectDatabase, type DatabaseServer, type SimulatedDatabase } from '../../../simulator/database.ts';
import type { Application, Boot, OperationEnd } from '../../../simulator/scenario.ts';
import {
  accounts,
  type DatabaseName,
  type Deciding,
  type DecidingPlace,
  databases,
  outlives,
  type Transfer,
} from './operations.ts';
import { unfencedRegisterMachine, witnessedRegister } from './register.ts';
import type { Witness } from './witness.ts';

/** What a machine has. The register is connected only where decisions are kept in it. */
export type Owned = Readonly<Record<DatabaseName, SimulatedDatabase>> & {
  readonly till: EmbeddedStore;
  readonly decisions: DecisionRegister;
};

/** A machine of the bank. */
export interface BankApplication extends Application {
  readonly node: Node;
  readonly till: EmbeddedStore;
  /** Whether the manager is made. */
  readonly isReady: boolean;
  /** Runs a transfer, and asks again while its outcome is unknown. */
  transfer(transfer: Transfer): Promise<OperationEnd>;
  takeOver(machine: string): Promise<OperationEnd>;
  /** Takes over from machines that do not answer, and then writes to every account, which no lock may prevent. */
  sweep(note: string): Promise<OperationEnd>;
}

export interface BankOptions {
  readonly boot: Boot;
  /** The true time. */
  readonly time: Clock;
  readonly servers: Readonly<Record<DatabaseName, DatabaseServer>>;
  readonly witness: Witness;
  /** Where decisions are kept; with acceptors, every machine is one. */
  readonly place: DecidingPlace;
  /** The manager's last resource, if it has one. */
  readonly last: Deciding | undefined;
  readonly protocol: TwoPhaseCommit;
  /** Whether the register lets every owner decide; a mistake to be found. */
  readonly fencesNobody: boolean;
}

/** Short, so that every wait ends several times in a run. */
const times: Partial<TransactionTimes> = {
  timeoutMs: 1_500,
  voteTimeoutMs: 1_200,
  outcomeTimeoutMs: 2_500,
  resourceDeadlineMs: 500,
  retryIntervalMs: 150,
  inquiryIntervalMs: 150,
  // Longer than coordinators live on after the end, so that recovery meets those that know nothing.
  recoveryIntervalMs: 2_500,
};
const attempts = 3;
const pauseMs = 400;
const answerTimeoutMs = 1_000;

/** Tells the witness of the decisions that participants hear, and of leaders that acceptors have decided for, or outvoted. */
function witnessDecisions({ id, inspection }: Node, witness: Witness): void {
  inspection.subscribe((event) => {
    if (event.type !== 'step') return;
    const { cause, effects } = event;
    const { name, key } = partsOf(event.actor);
    if (name === participantName && cause.type === 'decision') {
      const { branch, outcome } = v.parse(participantMessages.decision, cause);
      witness.heard(branch.transaction, outcome);
    }
    if (name !== coordinatorName) return;
    if (cause.type === 'outvoted') witness.fenced(key);
    const isLed = cause.type === 'phase-2b' || cause.type === 'remembered';
    for (const effect of isLed ? effects : []) {
      if (effect.type !== 'deliver') continue;
      const verdict = v.safeParse(outcomeForm, effect.output.type);
      if (verdict.success) witness.led(key, verdict.output, id);
    }
  });
}

/** Boots a machine. */
export function bootBank({
  boot,
  time,
  servers,
  witness,
  place,
  last,
  protocol,
  fencesNobody,
}: BankOptions): BankApplication {
  const { id, machines, bus, journal, environment } = boot;
  const { clock, ids, randomness } = environment;
  const client = { machine: id, life: ids.next(), bornMs: time.nowMs() };
  const connect = (name: DatabaseName): SimulatedDatabase =>
    connectDatabase({ server: servers[name], clock, time, client, random: randomness.stream(`wire/${name}`) });
  const register = createDecisionRegister({ clock });
  const owned: Owned = {
    checking: connect('checking'),
    savings: connect('savings'),
    cards: connect('cards'),
    till: openEmbeddedStore({ journal, clock, name: 'till' }),
    decisions: witnessedRegister(register, witness),
  };
  const node = createNode({
    id,
    bus,
    journal,
    environment,
    resources: owned,
    definitions: [protocol.coordinator, protocol.participant, protocol.acceptor],
    inspect: (inspected) => witnessDecisions(inspected, witness),
  });
  if (place === 'register') {
    const machine = fencesNobody ? unfencedRegisterMachine() : createDecisionRegisterMachine();
    register.attach(startReplicatedStore({ node, key: 'txn', machine, log: raft({ voters: machines }), environment }));
  }
  let manager: TransactionManager<Owned> | undefined;
  /** Without a manager the program has nothing to do, and ends. */
  const failure = new Subject<unknown>();
  createTransactionManager({
    nested: 'unchecked',
    node,
    protocol,
    environment,
    times,
    ...(place === 'register' ? { decisions: inRegister('decisions') } : {}),
    ...(place === 'paxos' ? { decisions: paxosCommit({ acceptors: machines }) } : {}),
    ...(last === undefined ? {} : { last }),
  }).then(
    (made) => {
      manager = made;
    },
    (error: unknown) => failure.next(error),
  );

  const notReady: OperationEnd = { type: 'failed', reason: 'the manager is not ready' };
  const wait = (ms: number): Promise<void> => pause(clock, ms);
  const workOn =
    (transfer: Transfer) =>
    async (work: WorkOf<Owned>): Promise<void> => {
      for (const { at, account, amount } of transfer.legs) {
        if (at === 'till') {
          const before = await work.till.get(account);
          await work.till.put(account, (typeof before === 'number' ? before : 0) + amount);
          await work.till.put(`mark/${transfer.note}`, amount);
        } else if (amount === 0) await work[at].balance(account);
        else await work[at].add(account, amount, transfer.note);
        if (transfer.thinkMs > 0) await wait(transfer.thinkMs);
      }
    };
  /** What a later question about an outcome brings. */
  const later = async (asked: TransactionManager<Owned>, transaction: string): Promise<Outcome | undefined> => {
    const { outcome } = await asked.outcome(transaction);
    return outcome === 'committed' || outcome === 'aborted' ? outcome : undefined;
  };
  const transact = async (
    asked: TransactionManager<Owned>,
    { note, hasKey }: Pick<Transfer, 'note' | 'hasKey'>,
    act: (work: WorkOf<Owned>) => Promise<void>,
  ): Promise<OperationEnd> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const { transaction, isRepeated } = await asked.transact(act, hasKey ? { idempotencyKey: note } : {});
        witness.told(note, transaction, 'committed', isRepeated);
        return { type: 'ok', value: transaction };
      } catch (error) {
        if (error instanceof TransactionAbortedError) {
          witness.told(note, error.transaction, 'aborted');
          return { type: 'failed', reason: error.reason };
        }
        if (!(error instanceof TransactionOutcomeUnknownError)) return { type: 'failed', reason: String(error) };
        witness.told(note, error.transaction, 'unknown');
        await wait(pauseMs);
        const known = await later(asked, error.transaction);
        if (known !== undefined) witness.told(note, error.transaction, known);
        if (attempt === attempts || !hasKey) return { type: 'unknown', reason: error.message };
      }
    }
  };
  const takeOver = async (asked: TransactionManager<Owned>, machine: string): Promise<OperationEnd> => {
    try {
      return { type: 'ok', value: (await asked.takeOver(machine)).claimed.length };
    } catch (error) {
      return { type: 'unknown', reason: String(error) };
    }
  };
  const answers = async (machine: string): Promise<boolean> => {
    const asking = createTransactionClient({ bus, manager: machine, environment });
    try {
      await asking.list({ timeoutMs: answerTimeoutMs });
      return true;
    } catch {
      return false;
    } finally {
      asking.close();
    }
  };

  return {
    node,
    failure,
    till: owned.till,
    get isReady() {
      return manager !== undefined;
    },
    transfer: async (transfer) => (manager === undefined ? notReady : transact(manager, transfer, workOn(transfer))),
    takeOver: async (machine) => (manager === undefined ? notReady : takeOver(manager, machine)),
    async sweep(note) {
      if (manager === undefined) return notReady;
      for (const machine of outlives(place) ? machines : []) {
        if (machine !== id && !(await answers(machine))) await takeOver(manager, machine);
      }
      return transact(manager, { note, hasKey: true }, async (work) => {
        for (const account of accounts) {
          for (const name of databases) await work[name].add(account, 0, note);
          if (!outlives(place)) await work.till.put(account, (await work.till.get(account)) ?? 0);
        }
      });
    },
  };
}
