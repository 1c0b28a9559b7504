/**
 * Taking over the transactions of a dead manager: its sessions are ended, each of its open transactions gets a coordinator
 * here, and each branch a participant, which carries out what is decided. In a register the coordinator claims the
 * transaction under a higher epoch; with acceptors it leads at a later ballot.
 */

import { type CoordinatorRequest, coordinatorAddress } from '../../../statecharts/two-phase-commit.ts';
import { hearingHazards } from './actors.ts';
import { adoptBranch } from './adopting.ts';
import { TransactionOptionsError } from './errors.ts';
import { originOf } from './ids.ts';
import { createLeading, type Leading } from './leading.ts';
import { fenceSessions } from './recovery.ts';
import type { OpenTransaction } from './register/messages.ts';
import type { TakeOverParts, TakeOverReport } from './take-over-parts.ts';

export interface TakeOver {
  /** Takes over what another node's manager has left open. */
  from(dead: string): Promise<TakeOverReport>;
  /**
   * Takes up what earlier lives of this node own: they may have died before they decided, and no other node waits for them.
   *
   * @throws what the register's store throws
   */
  reclaim(): Promise<void>;
}

/** Makes what takes over open transactions. */
export function createTakeOver(parts: TakeOverParts): TakeOver {
  const { node, protocol, resources, register, places, times } = parts;
  const { resourceDeadlineMs, retryIntervalMs, voteTimeoutMs } = times;
  const leading: Leading = createLeading(parts);

  const claim = (entry: OpenTransaction): void => {
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
        place: places.own,
        epoch,
        times: { voteTimeoutMs, retryIntervalMs, resourceDeadlineMs },
      },
      observer: hearingHazards(parts.onHazard),
    });
  };

  /** @returns branches at resources that this node does not have */
  const take = (entry: OpenTransaction): TakeOverReport['elsewhere'] => {
    claim(entry);
    const { transaction, manager } = entry;
    return entry.branches.flatMap(({ branch, resource }) => {
      if (resources[resource] === undefined) return [{ transaction, resource }];
      adoptBranch(parts, { manager, transaction, branch }, resource, places.own);
      return [];
    });
  };

  return {
    async from(dead) {
      if (places.decisions.type === 'journal') {
        throw new TransactionOptionsError(
          'transactions can be taken over only from a register or from acceptors; give the manager `decisions` in one',
        );
      }
      if (dead === node.id) throw new TransactionOptionsError(`expected another node than '${dead}' to take over from`);
      const fence = `fence.${originOf(node.journal.id)}.${Math.floor(parts.clock.nowMs()).toString(36)}`;
      const problems = await Promise.all(
        Object.entries(resources).map(async ([resource, held]) => {
          const branch = { manager: dead, transaction: fence, branch: resource };
          return { resource, problem: await fenceSessions(held, branch, resourceDeadlineMs) };
        }),
      );
      const unfenced = problems.flatMap(({ resource, problem }) =>
        problem === undefined ? [] : [{ resource, problem }],
      );
      if (register === undefined) {
        const { claimed, elsewhere, unclaimed } = await leading.from(dead);
        return { claimed, elsewhere, unfenced: [...unfenced, ...unclaimed] };
      }
      const open = await register.openOf(dead, resourceDeadlineMs);
      const elsewhere = open.flatMap(take);
      return { claimed: open.map(({ transaction }) => transaction), unfenced, elsewhere };
    },
    async reclaim() {
      leading.finish();
      if (register === undefined) return;
      for (const entry of await register.openOf(node.id, resourceDeadlineMs)) {
        if (!parts.isOpen(entry.transaction)) take(entry);
      }
    },
  };
}
