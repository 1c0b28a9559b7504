/** What can be recommended, and what is refused: what each is, where more is said, and what to begin with. */

import { type Start, starts } from './starts.ts';

/** A method that can be recommended. */
export interface Method {
  /** The final state of the chart that stands for it. */
  readonly name: string;
  readonly title: string;
  /** What it promises, and what it asks for, in a sentence. */
  readonly about: string;
  /** What in the record of costs is about it. */
  readonly costsOf: string;
  /** The document that says the rest. */
  readonly document: string;
  readonly start: Start;
}

/** Why nothing can be recommended, and what would have to be otherwise. */
export interface Refusal {
  readonly name: string;
  readonly title: string;
  readonly change: string;
}

export const methods: readonly Method[] = [
  {
    name: 'single-node',
    title: 'One embedded node, not replicated',
    about: 'Survives crashes of the process and of the machine, but not the loss of the disk.',
    costsOf: 'single-node',
    document: 'README.md#the-store',
    start: starts.singleNode,
  },
  {
    name: 'raft',
    title: 'A replicated store over Raft',
    about: 'Loses nothing while a majority of the disks is left, and goes on while a majority of the nodes runs.',
    costsOf: 'raft',
    document: 'README.md#the-store',
    start: starts.store,
  },
  {
    name: 'multi-paxos',
    title: 'A replicated store over Multi-Paxos',
    about: 'Promises what Raft does, and also goes on where the one server that a majority sees has an old log.',
    costsOf: 'paxos',
    document: 'docs/paxos.md',
    start: starts.paxosStore,
  },
  {
    name: 'primary-backup-sync',
    title: 'A replicated store over primary-backup, mode sync',
    about: 'Loses nothing while one of the nodes in sync is left; a write waits for all of them.',
    costsOf: 'primary-backup-sync',
    document: 'docs/primary-backup.md',
    start: starts.syncStore,
  },
  {
    name: 'primary-backup-async',
    title: 'A replicated store over primary-backup, mode async with a bound',
    about: 'Acknowledges before a write has travelled; a failover loses at most the bound that you state.',
    costsOf: 'primary-backup-async',
    document: 'docs/primary-backup.md',
    start: starts.asyncStore,
  },
  {
    name: 'failover-durable-hot',
    title: 'Failover of your database, mode durable, with two hot standbys',
    about: 'Loses nothing that was acknowledged, and takes writes again once another standby is primary.',
    costsOf: 'failover-durable-hot',
    document: 'docs/failover.md',
    start: starts.durableHot,
  },
  {
    name: 'failover-durable-cold',
    title: 'Failover of your database, mode durable, with a cold standby in the pool',
    about:
      'Loses nothing that was acknowledged; after a failover writes wait until the cold standby has copied everything.',
    costsOf: 'failover-durable-cold',
    document: 'docs/failover.md',
    start: starts.durableCold,
  },
  {
    name: 'failover-pass-through-hot',
    title: 'Failover of your database, mode pass-through, with a hot standby',
    about: 'No reply waits for a standby; what the old primary had not copied is lost, counted and reported.',
    costsOf: 'failover-pass-through',
    document: 'docs/failover.md',
    start: starts.passThroughHot,
  },
  {
    name: 'failover-pass-through-warm',
    title: 'Failover of your database, mode pass-through, with a warm standby',
    about: 'As with a hot one; it takes over once it has caught up.',
    costsOf: 'failover-pass-through',
    document: 'docs/failover.md',
    start: starts.passThroughWarm,
  },
  {
    name: 'failover-pass-through-pair',
    title: 'Failover of your database, mode pass-through, on two machines',
    about: 'One manager beside the standby; what the old primary had not copied is lost, counted and reported.',
    costsOf: 'failover-pass-through',
    document: 'docs/failover.md',
    start: starts.passThroughPair,
  },
  {
    name: 'two-phase-commit',
    title: 'Two-phase commit, decided in the journal of one node',
    about: 'All databases have a change, or none; while the coordinator is away, what is prepared keeps its locks.',
    costsOf: 'two-phase-commit',
    document: 'docs/transactions.md',
    start: starts.journal,
  },
  {
    name: 'decision-register',
    title: 'Two-phase commit, decided in a replicated register',
    about: 'Another manager can finish what a dead one has left, and knows its idempotency keys.',
    costsOf: 'decision-register',
    document: 'docs/transactions.md#in-a-register',
    start: starts.register,
  },
  {
    name: 'paxos-commit',
    title: 'Paxos Commit, decided by acceptors',
    about: 'No single failure keeps a transaction from its end.',
    costsOf: 'paxos-commit',
    document: 'docs/paxos-commit.md',
    start: starts.acceptors,
  },
];

export const refusals: readonly Refusal[] = [
  {
    name: 'one-machine-stops',
    title: 'One machine cannot go on when it dies',
    change: 'Use three machines, or let it be down until a person has repaired it.',
  },
  {
    name: 'one-disk',
    title: 'One machine cannot keep what its only disk has lost',
    change: 'Use three machines, or let what came since the last backup be lost.',
  },
  {
    name: 'two-machines',
    title: 'Two machines cannot do this',
    change: 'Add a third one. It may be small: it must vote, or confirm, and need not serve clients.',
  },
  {
    name: 'databases-of-others',
    title: 'What a database of others survives is up to its owners',
    change: 'Ask them for failover. Nothing of this library helps their client.',
  },
  {
    name: 'nothing-to-add',
    title: 'Nothing of this library is needed',
    change: 'Your database and its backups do. Ask for less downtime, or less loss, and there is something to choose.',
  },
  {
    name: 'locks-of-others',
    title: 'One coordinating machine must not hold locks in databases of others',
    change:
      'Use three machines, of which any one may die, or agree with the owners on messages instead of a common transaction.',
  },
];
