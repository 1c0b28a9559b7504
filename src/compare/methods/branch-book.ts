/** What the databases of a run have done with the branches of transactions, as one sees it who stands beside them. */

import { QuorateError } from '../../../statecharts/actor.ts';
import type { Clock } from '../../environment/clock.ts';
import type { DatabaseServer, DatabaseWitness } from '../../simulator/database.ts';
import type { Costs } from '../contract.ts';

/** The accounts cannot be read as they stand. */
export class UnsettledError extends QuorateError {
  readonly code = 'UNSETTLED';
}

export interface BranchBook {
  readonly witness: DatabaseWitness;
  /** The transactions that have stood prepared for longer at some database, until they ended or until now. */
  preparedLongerThan(ms: number): readonly string[];
  /**
   * The notes of the transactions that are committed at all of `servers`, in the order of the first.
   *
   * @throws UnsettledError while a server is down, or holds something prepared
   */
  carriedOut(servers: readonly DatabaseServer[]): readonly string[];
}

/** Counts a flush for what is prepared, and one for each end of it. */
export function createBranchBook(time: Clock, costs: Costs): BranchBook {
  const notes = new Map<string, string>();
  const prepared = new Map<string, { readonly transaction: string; readonly atMs: number }>();
  const longestMs = new Map<string, number>();
  const committed = new Map<string, string[]>();
  const keyOf = (database: string, transaction: string): string => `${database}/${transaction}`;
  const stood = ({ transaction, atMs }: { readonly transaction: string; readonly atMs: number }): void =>
    void longestMs.set(transaction, Math.max(longestMs.get(transaction) ?? 0, time.nowMs() - atMs));
  return {
    witness: {
      wrote(_database, { transaction }, note) {
        if (note !== '') notes.set(transaction, note);
      },
      prepared(database, { transaction }) {
        costs.flush();
        prepared.set(keyOf(database, transaction), { transaction, atMs: time.nowMs() });
      },
      ended(database, { transaction }, outcome) {
        costs.flush();
        const since = prepared.get(keyOf(database, transaction));
        if (since !== undefined) stood(since);
        prepared.delete(keyOf(database, transaction));
        const note = notes.get(transaction);
        if (outcome !== 'committed' || note === undefined) return;
        const before = committed.get(database);
        if (before === undefined) committed.set(database, [note]);
        else before.push(note);
      },
      gone: () => {},
      found: () => {},
      refusedLate: () => {},
      refused: () => {},
    },
    preparedLongerThan(ms) {
      for (const it of prepared.values()) stood(it);
      return [...longestMs].flatMap(([transaction, stoodMs]) => (stoodMs > ms ? [transaction] : []));
    },
    carriedOut(servers) {
      const down = servers.find(({ isUp }) => !isUp);
      if (down !== undefined) throw new UnsettledError(`expected '${down.name}' to answer, but it is down`);
      if (prepared.size > 0) throw new UnsettledError(`${prepared.size} branches are prepared, and not decided`);
      const [first = [], ...others] = servers.map(({ name }) => committed.get(name) ?? []);
      return first.filter((note) => others.every((notesThere) => notesThere.includes(note)));
    },
  };
}
