/**
 * A client of the nodes' store of keys and values that moves money: both accounts are one value, with the names of all transfers
 * that were carried out, and each transfer is a write on condition that the value is still the one that was read.
 */

import * as v from 'valibot';
import { QuorateError } from '../../../statecharts/actor.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Client } from '../../services/store/client.ts';
import { decode, encode } from '../../services/store/codec.ts';
import type { OperationEnd } from '../../simulator/scenario.ts';
import { opening, type Teller, type Transfer } from '../contract.ts';
import { moved, stateSchema } from '../ledger.ts';
import { outcomeOf } from '../methods/stores.ts';
import { patienceMs } from '../workload.ts';
import { createTurns } from './turns.ts';

const key = 'accounts';

/** There is no value where the accounts should be: they were opened, and are lost. */
export class AccountsMissingError extends QuorateError {
  readonly code = 'ACCOUNTS_MISSING';
}

export type LiveTeller = Pick<Teller, 'transfer' | 'read'> & {
  /** Writes what the accounts hold at the beginning. @throws what the store throws, within `deadlineMs` */
  open(deadlineMs: number): Promise<void>;
  /** The names of all transfers that were carried out. @throws what the store throws, within `deadlineMs` */
  carriedOut(deadlineMs: number): Promise<readonly string[]>;
};

/** Makes one over a client, which stays the caller's. */
export function createLiveTeller(client: Client, clock: Clock): LiveTeller {
  const look = async (deadlineMs: number) => {
    const found = await client.get(key, { deadlineMs });
    if (found === undefined) {
      throw new AccountsMissingError(`expected the accounts at '${key}', but there is no value; report this`);
    }
    return { version: found.version, ...v.parse(stateSchema, decode(found.value)) };
  };
  const move = async ({ id, amount }: Transfer, untilMs: number): Promise<OperationEnd> => {
    for (let leftMs = untilMs - clock.nowMs(); leftMs > 0; leftMs = untilMs - clock.nowMs()) {
      const { version, carriedOut, ...balances } = await look(leftMs);
      const value = moved(balances, amount);
      const state = encode({ ...value, carriedOut: [...carriedOut, id] });
      const deadlineMs = Math.max(1, untilMs - clock.nowMs());
      const { swapped } = await client.compareAndSet(key, version, state, { deadlineMs });
      if (swapped) return { type: 'ok', value };
    }
    return { type: 'failed', reason: 'other transfers came before, until its time was over' };
  };
  // At once, all but one of a client's transfers would find that the version has changed.
  const turns = createTurns(clock);
  return {
    transfer(transfer) {
      const untilMs = clock.nowMs() + patienceMs;
      return turns.take(() => move(transfer, untilMs).catch(outcomeOf), untilMs);
    },
    read: () => look(patienceMs).then(({ a, b }): OperationEnd => ({ type: 'ok', value: { a, b } }), outcomeOf),
    async open(deadlineMs) {
      await client.put(key, encode({ ...opening, carriedOut: [] }), { deadlineMs });
    },
    carriedOut: async (deadlineMs) => (await look(deadlineMs)).carriedOut,
  };
}
