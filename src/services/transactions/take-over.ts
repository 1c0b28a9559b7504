/**
 * Taking over the transactions of a dead manager: its sessions are ended, each of its open transactions is claimed under
 * a higher epoch, and each branch gets a participant here, which carries out what is decided.
 */

import {
  type CoordinatorRequest,
  coordinatorAddress,
  type ParticipantTimes,
  participantAddress,
  participantKey,
  type TwoPhaseCommit,
} from '../../../statecharts/two-phase-commit.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Node } from '../../host/node.ts';
import { TransactionOptionsError } from './errors.ts';
import { originOf } from './ids.ts';
import type { TransactionTimes } from './options.ts';
import { fenceSessions } from './recovery.ts';
import type { OpenTransaction } from './register/machine.ts';
import type { DecisionRegister } from './register/register.ts';
import type { Participating } from './work.ts';

/** What a take-over came to. The claimed transactions are finished in the background. */
export interface TakeOverReport {
  /** The transactions that this node claims now. */
  readonly claimed: readonly string[];
  /** Resources that were out of reach, or where sessions of the dead manager would not end, and why. */
  readonly unfenced: readonly { readonly resource: string; readonly problem: string }[];
  /** Branches at resources that this node does not have; they wait until somebody does. */
  readonly elsewhere: readonly { readonly transaction: string; readonly resource: string }[];
}

export interface TakeOverParts {
  readonly node: Node;
  readonly protocol: TwoPhaseCommit;
  readonly clock: Clock;
  readonly resources: Readonly<Record<string, Participating>>;
  readonly register: DecisionRegister | undefined;
  readonly registerName: string | undefined;
  readonly times: TransactionTimes;
  readonly participantTimes: ParticipantTimes;
  /** Whether the transaction is open in this life of the manager, so that its own actors see to it. */
  isOpen(transaction: string): boolean;
}

export interface TakeOver {
  /** Takes over what another node's manager has left open. */
  from(dead: string): Promise<TakeOverReport>;
  /**
   * Takes up what earlier lives of this node own in the register: they may have died before they decided, and nobody
   * else waits for them. Does nothing without a register.
   *
   * @throws what the register's store throws
   */
  reclaim(): Promise<void>;
}

/** Makes what takes over open transactions. */
export function createTakeOver(parts: TakeOverParts): TakeOver {
  const { node, protocol, resources, register, registerName, times } = parts;
  const { resourceDeadlineMs, retryIntervalMs, voteTimeoutMs } = times;

  const claim = (entry: OpenTransaction, name: string): void => {
    const { transaction, manager } = entry;
    const address = coordinatorAddress({ manager: node.id, transaction });
    const epoch = entry.epoch + 1;
    if (node.isAlive(address)) {
      // This node owned it before, and was fenced, or it only answers participants in doubt.
      const request: CoordinatorRequest = { type: 'take-over', epoch };
      node.request(address, request);
      return;
    }
    node.launch(protocol.coordinator, {
      key: transaction,
      input: {
        type: 'take-over',
        manager,
        place: { type: 'register', resource: name },
        epoch,
        times: { voteTimeoutMs, retryIntervalMs, resourceDeadlineMs },
      },
    });
  };
  const adopt = (entry: OpenTransaction, branchName: string, resource: string, name: string): void => {
    const branch = { manager: entry.manager, transaction: entry.transaction, branch: branchName };
    if (node.isAlive(participantAddress(node.id, branch))) return;
    node.launch(protocol.participant, {
      key: participantKey(branch),
      input: {
        type: 'found',
        branch,
        resource,
        place: { type: 'register', resource: name },
        receipt: null,
        coordinator: coordinatorAddress({ manager: node.id, transaction: branch.transaction }),
        times: parts.participantTimes,
      },
    });
  };

  /** @returns branches at resources that this node does not have */
  const take = (entry: OpenTransaction, name: string): TakeOverReport['elsewhere'] => {
    claim(entry, name);
    return entry.branches.flatMap(({ branch, resource }) => {
      if (resources[resource] === undefined) return [{ transaction: entry.transaction, resource }];
      adopt(entry, branch, resource, name);
      return [];
    });
  };

  return {
    async from(dead) {
      if (register === undefined || registerName === undefined) {
        throw new TransactionOptionsError('transactions can be taken over only from a register; give the manager one');
      }
      if (dead === node.id) throw new TransactionOptionsError(`expected another node than '${dead}' to take over from`);
      const fence = `fence.${originOf(node.journal.id)}.${Math.floor(parts.clock.nowMs()).toString(36)}`;
      const problems = await Promise.all(
        Object.entries(resources).map(async ([resource, held]) => {
          const branch = { manager: dead, transaction: fence, branch: resource };
          return { resource, problem: await fenceSessions(held, branch, resourceDeadlineMs) };
        }),
      );
      const open = await register.openOf(dead, resourceDeadlineMs);
      const elsewhere = open.flatMap((entry) => take(entry, registerName));
      return {
        claimed: open.map(({ transaction }) => transaction),
        unfenced: problems.flatMap(({ resource, problem }) => (problem === undefined ? [] : [{ resource, problem }])),
        elsewhere,
      };
    },
    async reclaim() {
      if (register === undefined || registerName === undefined) return;
      for (const entry of await register.openOf(node.id, resourceDeadlineMs)) {
        if (!parts.isOpen(entry.transaction)) take(entry, registerName);
      }
    },
  };
}
