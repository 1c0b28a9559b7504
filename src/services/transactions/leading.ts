/**
 * Taking over what acceptors decide. Whatever is prepared waits in some database, so the databases are asked for the
 * branches of the dead manager; what else takes part in their transactions, the new leader learns from the acceptors.
 */

import {
  type CoordinatorOutput,
  coordinatorAddress,
  type DecisionPlace,
} from '../../../statecharts/two-phase-commit.ts';
import { messageOf } from '../../environment/message.ts';
import { adoptBranch } from './adopting.ts';
import { partsOfTransactionId } from './ids.ts';
import { coordinatorsOn } from './listing.ts';
import type { TakeOverParts, TakeOverReport } from './take-over-parts.ts';

/** What came of leading a dead manager's transactions. */
export interface LeadingReport extends Pick<TakeOverReport, 'claimed' | 'elsewhere'> {
  /** Resources that do not say what is prepared there, or have branches that other acceptors decide. */
  readonly unclaimed: TakeOverReport['unfenced'];
}

export interface Leading {
  /** Leads every transaction of which a branch is prepared here. The sessions of the dead manager have ended. */
  from(dead: string): Promise<LeadingReport>;
  /** Sees to the branches of decided transactions of other managers which no other node acknowledges. */
  finish(): void;
}

/** Makes what leads the transactions of dead managers. */
export function createLeading(parts: TakeOverParts): Leading {
  const { node, protocol, clock, resources, places, memory, times } = parts;
  const { resourceDeadlineMs, retryIntervalMs, voteTimeoutMs } = times;

  /** The branches that the leader has learned of, also those that have ended before and so are in no list. */
  const finishOne = (transaction: string): TakeOverReport['elsewhere'] => {
    const found = node.view(protocol.coordinator, transaction);
    const place = places.of(transaction);
    if (found?.outcome === undefined || found.outcome === null || typeof place === 'string') return [];
    return found.branches.flatMap(({ branch, resource, acknowledged }) => {
      if (acknowledged) return [];
      if (resources[resource] === undefined) return [{ transaction, resource }];
      adoptBranch(parts, { manager: found.manager, transaction, branch }, resource, place);
      return [];
    });
  };

  /** Leads a transaction. @returns when it is decided, or the deadline has passed: what this node cannot carry out */
  const lead = (manager: string, transaction: string, place: DecisionPlace): Promise<TakeOverReport['elsewhere']> =>
    new Promise((resolve) => {
      const timeout = clock.setTimeout(() => resolve(finishOne(transaction)), resourceDeadlineMs);
      const settle = (): void => {
        clock.clearTimeout(timeout);
        resolve(finishOne(transaction));
      };
      if (node.isAlive(coordinatorAddress({ manager: node.id, transaction }))) {
        settle();
        return;
      }
      const delivered = (output: CoordinatorOutput): void => {
        if (output.type === 'hazard') parts.onHazard(output);
        if (output.type === 'committed') memory.committed(transaction, null);
        if (output.type === 'committed' || output.type === 'aborted') clock.enqueue(settle);
      };
      node.launch(protocol.coordinator, {
        key: transaction,
        input: {
          type: 'take-over',
          manager,
          place,
          epoch: 0,
          times: { voteTimeoutMs, retryIntervalMs, resourceDeadlineMs },
        },
        observer: { delivered, ended: settle },
      });
    });

  return {
    async from(dead) {
      const unclaimed: { readonly resource: string; readonly problem: string }[] = [];
      const open = new Map<string, Promise<TakeOverReport['elsewhere']>>();
      await Promise.all(
        Object.entries(resources).map(async ([resource, held]) => {
          try {
            for (const { branch } of await held.prepared(dead, { timeoutMs: resourceDeadlineMs })) {
              const { transaction } = branch;
              if (partsOfTransactionId(transaction)?.kind !== 'acceptors') continue;
              const place = places.of(transaction);
              if (typeof place === 'string') unclaimed.push({ resource, problem: place });
              else {
                if (!open.has(transaction)) open.set(transaction, lead(dead, transaction, place));
                // A caller that waits here is answered also when the acceptors have never heard of its transaction.
                adoptBranch(parts, branch, resource, place);
              }
            }
          } catch (error) {
            unclaimed.push({ resource, problem: messageOf(error) });
          }
        }),
      );
      const elsewhere = await Promise.all(open.values());
      return { claimed: [...open.keys()], elsewhere: elsewhere.flat(), unclaimed };
    },
    finish() {
      for (const { manager, transaction } of coordinatorsOn(node)) {
        if (manager !== node.id && partsOfTransactionId(transaction)?.kind === 'acceptors') finishOne(transaction);
      }
    },
  };
}
