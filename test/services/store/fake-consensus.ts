/** A log that does what a test tells it to: places proposals when it is asked to, commits, refuses, forgets. */

import type { Consensus, ConsensusListener } from '../../../src/services/store/log/consensus.ts';
import type { Entry, RaftOutput, RefusalReason } from '../../../statecharts/raft/messages.ts';

export interface FakeConsensus extends Consensus {
  /** Requests that the log has not answered. */
  readonly proposals: readonly { readonly id: number; readonly commands: readonly Uint8Array[] }[];
  readonly reads: readonly number[];
  readonly compactions: readonly { readonly index: number; readonly snapshot: Uint8Array }[];
  /** Throws this from the next request. */
  failNext(error: Error): void;
  /** Places the oldest proposal at the end of the log. @returns its entries */
  place(): readonly Entry[];
  /** Commits `data` in the next entry, as if another leader had put it there. @returns the entry */
  commitForeign(data: Uint8Array): Entry;
  refuse(reason: RefusalReason): void;
  emit(output: RaftOutput): void;
  /** This node leads, or does not, from now on. */
  lead(isLeader: boolean, term?: number): void;
  readonly lastIndex: number;
}

export function createFakeConsensus(): FakeConsensus {
  let listener: ConsensusListener | undefined;
  let failure: Error | undefined;
  let isLeader = true;
  let term = 1;
  let lastIndex = 0;
  const proposals: { id: number; commands: readonly Uint8Array[] }[] = [];
  const reads: number[] = [];
  const compactions: { index: number; snapshot: Uint8Array }[] = [];
  const throwIfTold = (): void => {
    const error = failure;
    failure = undefined;
    if (error !== undefined) throw error;
  };
  const emit = (output: RaftOutput): void => listener?.output(output);
  return {
    proposals,
    reads,
    compactions,
    emit,
    propose(id, commands) {
      throwIfTold();
      proposals.push({ id, commands });
    },
    read(id) {
      throwIfTold();
      reads.push(id);
    },
    compact(index, snapshot) {
      throwIfTold();
      compactions.push({ index, snapshot });
    },
    listen(it) {
      listener = it;
    },
    failNext(error) {
      failure = error;
    },
    place() {
      const proposal = proposals.shift();
      if (proposal === undefined) throw new Error('nothing is proposed');
      const entries = proposal.commands.map(
        (data, place): Entry => ({
          index: lastIndex + 1 + place,
          term,
          kind: 'command',
          data,
        }),
      );
      emit({ type: 'proposed', id: proposal.id, term, index: lastIndex + 1 });
      lastIndex += entries.length;
      return entries;
    },
    commitForeign(data) {
      lastIndex += 1;
      const entry: Entry = { index: lastIndex, term, kind: 'command', data };
      emit({ type: 'committed', entries: [entry] });
      return entry;
    },
    refuse(reason) {
      const id = proposals.shift()?.id ?? reads.shift();
      if (id === undefined) throw new Error('nothing is asked');
      emit({ type: 'refused', id, reason });
    },
    lead(leads, newTerm = term) {
      isLeader = leads;
      term = newTerm;
      listener?.changed();
    },
    get isLeader() {
      return isLeader;
    },
    get leader() {
      return isLeader ? 'n1' : undefined;
    },
    get lastIndex() {
      return lastIndex;
    },
    status: () => ({
      role: isLeader ? 'leader' : 'follower',
      term,
      leader: isLeader ? 'n1' : undefined,
      commitIndex: lastIndex,
      lastIndex,
      nodes: ['n1'],
    }),
  };
}
