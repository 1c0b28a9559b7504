/**
 * Joint consensus (Raft §4.3): how the voters of before a change give way to those of after. Each configuration follows
 * once the one before is committed: the newcomer learns (§4.2.1); both sets decide jointly; those of after decide alone.
 */

import { type Members, placed, sameServers, serverSetOf, withRetired } from '../replication/members.ts';

/** §4.3, C_old,new: the one that has caught up is a voter of the second set, and the one that leaves is none. */
export function jointly({ change, ...members }: Members): Members {
  if (change === null) return { ...members, change };
  const { leaving, joining } = change;
  return {
    ...members,
    nextVoters: serverSetOf([...members.voters.filter((voter) => voter !== leaving), joining]),
    learners: members.learners.filter((learner) => learner !== joining),
    change: null,
  };
}

/** §4.3: the joint configuration on the way from `members` to `after`; where the same servers vote, that itself. */
export const towards = (members: Members, after: Members): Members =>
  sameServers(members.voters, after.voters)
    ? after
    : { ...members, nextVoters: after.voters, learners: after.learners };

/** §4.3, C_new: those who vote afterwards vote alone, and those who do not any more are retired. */
export function afterJoint(members: Members): Members {
  const voters = members.nextVoters ?? members.voters;
  const left = members.voters.filter((voter) => !voters.includes(voter));
  return placed({ ...members, voters, nextVoters: null, ...withRetired(members, left) });
}
