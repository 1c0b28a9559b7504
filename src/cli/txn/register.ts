/**
 * The decision register of a node that does not run, for as long as a command takes: the node's bus at its own address,
 * and its server of the replicated store over its own journal. To the other nodes it is as if the node were back.
 */

import { partsOf } from '../../../statecharts/actor.ts';
import type { Bus } from '../../bus/bus.ts';
import type { Environment } from '../../environment/environment.ts';
import type { Node } from '../../host/node.ts';
import type { Journal } from '../../journal/journal.ts';
import { journalLosses } from '../../services/peer-journals.ts';
import { StoreFailedError, UnreadableStateError } from '../../services/store/errors.ts';
import { checkVoters } from '../../services/store/log/members/voters.ts';
import type { Replication } from '../../services/store/log/protocol-names.ts';
import { hasRecordsOf, logProtocols, replicationOf } from '../../services/store/log/protocols.ts';
import { startReplicatedStore } from '../../services/store/replicated-store.ts';
import type { SlicedStateMachine } from '../../services/store/state-machine.ts';
import { isRegisterCommand } from '../../services/transactions/register/messages.ts';
import {
  createDecisionRegister,
  createDecisionRegisterMachine,
  type DecisionRegister,
  type ListedTransaction,
} from '../../services/transactions.ts';
import { RegisterMissingError, RegisterUnreachableError } from '../errors.ts';
import { openBus } from './bus.ts';
import type { RegisterConfig, TxnConfig } from './config.ts';

/** A node's register, and the bus over which it is replicated. The node that they are given to closes both. */
export interface OwnRegister {
  readonly register: DecisionRegister;
  readonly bus: Bus;
  /** The nodes that replicate it, sorted. */
  readonly voters: readonly string[];
  /**
   * Starts the node's server, and waits for a majority.
   *
   * @param untilMs until when, by the clock
   * @throws RegisterUnreachableError when there is none by then; JournalLostError when one of the others knows the node by
   *   another journal, or by one at all where it was introduced without; VotersMismatchError; RegisterMissingError when
   *   the log is that of something else
   */
  join(node: Node, untilMs: number): Promise<void>;
  /** The node's transactions that are not ended in the register. @throws RegisterUnreachableError */
  open(): Promise<readonly ListedTransaction[]>;
}

/** A configuration with a register. */
export type RegisteredConfig = TxnConfig & { readonly register: RegisterConfig; readonly dataDirectory: string };

/**
 * Nothing is begun here: a server without records would join the others as if it had never voted.
 *
 * @param journal nothing was taken from it yet
 * @returns how the register is replicated
 * @throws RegisterMissingError when it has no records of the register
 */
export function requireRegister(journal: Journal, { key }: RegisterConfig): Replication {
  if (hasRecordsOf(journal, key)) return replicationOf(journal, key);
  const names = Object.values(logProtocols).map(({ serverName }) => serverName);
  const keys = journal
    .actors()
    .map(partsOf)
    .flatMap((it) => (names.includes(it.name) ? [`'${it.key}'`] : []));
  throw new RegisterMissingError(
    `expected the journal of node '${journal.node}' to hold its part of the register with the key '${key}', got ${
      keys.length === 0 ? 'no replicated store' : `the stores ${keys.join(', ')}`
    }; correct register.key or dataDirectory, or leave 'register' out when the manager has none`,
  );
}

/**
 * Opens the node's bus, which begins to connect to the others.
 *
 * @param how `isIntroduced`: whether the node tells the others the id of its journal; one that remembers theirs always does
 * @throws the errors of `createTcpBus` and of `readSecretFile`
 */
export async function openRegister(
  registered: RegisteredConfig,
  environment: Environment,
  journal: Journal,
  { isIntroduced, replication }: { readonly isIntroduced: boolean; readonly replication: Replication },
): Promise<OwnRegister> {
  const { node, register: config } = registered;
  const { clock } = environment;
  const { key, peers, timeoutMs } = config;
  const { protocol } = replication;
  const voters = [node, ...Object.keys(peers)].sort();
  const { bus, standings } = await openBus(registered, config, environment, journal, isIntroduced);
  const register = createDecisionRegister({ clock });
  const openedMs = clock.nowMs();

  const unreachable = (cause: unknown): Error => {
    if (cause instanceof StoreFailedError) {
      const why = cause.cause;
      if (!(why instanceof UnreadableStateError)) return cause;
      return new RegisterMissingError(`${why.message}; correct register.key`, { cause });
    }
    return new RegisterUnreachableError(
      `no majority of ${voters.join(', ')}, which replicate the decision register '${key}', answered within ${timeoutMs / 1_000} s (${standings()}). Without one nothing is decided, and prepared branches wait: start those nodes and repeat, or raise register.timeoutMs`,
      { cause },
    );
  };

  return {
    register,
    bus,
    voters,
    async join(joined, untilMs) {
      const machine = onlyRegister(createDecisionRegisterMachine(), key);
      const log = logProtocols[protocol].start({ voters });
      const store = startReplicatedStore({ node: joined, key, machine, log, environment });
      register.attach(store);
      checkVoters(store, voters);
      const remainingMs = Math.max(1, untilMs - clock.nowMs());
      await new Promise<void>((resolve, reject) => {
        const losses = journalLosses(bus).subscribe(reject);
        register
          .openOf(node, remainingMs)
          .then(
            () => resolve(),
            (cause: unknown) => reject(unreachable(cause)),
          )
          .finally(() => losses.unsubscribe());
      });
    },
    async open() {
      let entries: Awaited<ReturnType<DecisionRegister['openOf']>>;
      try {
        entries = await register.openOf(node, timeoutMs);
      } catch (cause) {
        throw unreachable(cause);
      }
      return entries.map(({ transaction, manager, outcome, branches }) => ({
        transaction,
        manager,
        state: outcome === 'undecided' ? 'in-doubt' : outcome,
        ageMs: clock.nowMs() - openedMs,
        branches: branches.map(({ branch, resource }) => ({ branch, resource, state: 'not ended' })),
      }));
    },
  };
}

/** A register that does not answer from the log of another machine, whose commands it would all refuse. */
function onlyRegister(machine: SlicedStateMachine, key: string): SlicedStateMachine {
  return {
    ...machine,
    apply(command, at) {
      if (isRegisterCommand(command)) return machine.apply(command, at);
      throw new UnreadableStateError(`the log of the store '${key}' is not that of a decision register`);
    },
  };
}
