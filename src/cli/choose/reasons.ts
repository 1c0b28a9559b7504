/** Why one method is recommended and not another: a sentence for each step of the chart that is taken for a reason. */

/** The sentences. Figures are not among them: those are measured. */
export const reasons = {
  'we-hold-the-data': 'No database holds the data, so a store of this library does.',
  'a-database-holds-the-data':
    'A database holds the data: the question is which of its servers is primary, and who says so.',
  'several-must-agree':
    'A change concerns several databases, which must all have it or none: that takes an atomic commit, whatever else there is.',
  'a-backup-suffices':
    'A person may repair it from a backup, so nothing needs to be there twice, and what is not there cannot fail.',
  'two-cannot-tell':
    'Of two machines neither can tell whether the other is dead or the link between them is. Whichever goes on alone may lose what the other acknowledged.',
  'one-machine-is-down': 'With one machine everything is down for as long as that machine is.',
  'no-place-for-a-standby': 'A standby on the machine of the primary dies with it.',
  'one-disk-is-lost': 'With one machine everything acknowledged is on one disk, and is gone with it.',
  'a-majority-holds-it':
    'Nothing may be lost and there are three machines or more, so a write is acknowledged only when it is on several disks.',
  'others-must-take-over': 'A backup would do for the data, but the service must go on before a person comes.',
  'a-stale-hub-stops-raft':
    'Between zones single links fail. With five servers they can fail in a way in which the one server that a majority still sees has an old log: Raft elects nobody then, and Multi-Paxos goes on.',
  'all-in-sync-hold-it':
    'A person may take time to repair it, so a write may wait for every replica that is in sync; then any single one of them keeps everything.',
  'replacement-and-one-round-trip':
    'A command takes one round trip to a majority, a dead leader is replaced by itself, and a dead machine by another one.',
  'acknowledged-before-it-travels':
    'The last writes may be lost and the machines are far apart: the primary acknowledges before its backups have it, and never more than the bound beyond them.',
  'losing-buys-nothing-here':
    'In one room a round trip costs less than a millisecond: to lose writes would buy next to nothing.',
  'only-owners-promote':
    'Only who owns the database can add standbys to it and say which one is primary. A single database commits by itself, so there is nothing left for a client to add.',
  'a-standby-holds-it':
    'Nothing may be lost, so a reply is held back until a standby has what it speaks of, and a standby becomes primary only when so many are fenced that one of them holds it all.',
  'nothing-waits-for-standbys':
    'The last writes may be lost, so no reply waits for a standby; what a failover lost is counted when the old primary is back.',
  'one-manager-may-be-wrong':
    'Two machines have room for one manager, which may take a cut link for a dead primary; what that costs are last writes.',
  'a-second-standby-is-there':
    'After a failover the next write needs another standby that confirms it, at once: so there are two hot ones.',
  'a-cold-one-comes-later':
    'After a failover writes may wait until a cold standby of the pool has started and copied everything.',
  'a-hot-one-takes-over': 'Whichever standby takes over must be following already.',
  'a-warm-one-catches-up': 'There is time for a warm standby to catch up before it takes over.',
  'locks-of-others-must-not-wait':
    'A branch that is prepared keeps its locks until it hears how the transaction ended. Databases of others must not wait for one machine of ours.',
  'decisions-must-survive':
    'Whoever decides must be remembered when a machine is gone for ever, or nobody can tell how the prepared branches end.',
  'another-must-finish': 'Prepared branches must end within seconds, so another machine must be able to finish them.',
  'the-coordinator-comes-back':
    'The coordinator comes back over its journal, and finishes what it left; until then its prepared branches keep their locks.',
  'keys-hold-across-managers':
    'A client that asks again may reach another manager. Only managers that share a register know the keys of each other.',
  'votes-are-the-decision':
    'No client asks again, so nothing but the votes must be kept: acceptors take them from the branches, in one round trip less than a register.',
} as const;

export type Reason = keyof typeof reasons;
