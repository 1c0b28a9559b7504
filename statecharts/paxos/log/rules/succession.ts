/**
 * How a leader goes on in the next configuration, and who else knows of it. The stop-sign was chosen by the voters of the
 * one before, some of whom it may send away; if they went at once, those who stay might not know that they decide now, nor
 * with whom.
 */

import { isQuorum } from '../../../quorum.ts';
import { begunAnew } from '../../../replication/lease.ts';
import { followerOf, freshProgress } from '../../../replication/progress.ts';
import { confirmingQuorum } from '../configuration.ts';
import { type Leadership, peersOf, type Received, type ServerContext } from '../context.ts';
import { leadershipOf } from './replication.ts';

/**
 * The leadership in the configuration that has begun. Where the stop-sign was first proposed at this very ballot, no leader
 * can have proposed anything after it at an earlier one: so all that phase 1 could find there is nothing, and the leader
 * goes on at its ballot. Where it took the stop-sign over, the next configuration may have had leaders before.
 *
 * Reads that wait are confirmed by other voters from here on. Those know nothing of another leader of the last
 * configuration, which may have told of all that is chosen in that: so reads see all of it, too. They have granted no lease
 * either that this leader could count on, nor need they intersect those who have: it begins anew.
 */
export function goingOn(context: ServerContext, leadership: Leadership): Leadership {
  const { configuration } = context;
  if (configuration.index <= leadership.inheritedIndex) return leadership;
  const followers = peersOf(context).map(
    (peer) => followerOf(leadership.followers, peer) ?? freshProgress(peer, leadership.lastIndex + 1),
  );
  const { index } = configuration;
  const reads = leadership.reads.map((read) => ({ ...read, index }));
  return {
    ...leadership,
    configurationIndex: index,
    configurationRound: leadership.round,
    knowing: [],
    followers,
    reads,
    isStopped: false,
    catchUp: null,
    lease: begunAnew(leadership.lease),
  };
}

/** Who has accepted the stop-sign when it hears that this is chosen writes that down before it answers. */
export function withKnowing(context: ServerContext, { from, round, upTo }: Received<'accepted'>): Leadership {
  const leadership = leadershipOf(context);
  const { configurationRound, knowing } = leadership;
  if (round < configurationRound || upTo < context.configuration.index || knowing.includes(from)) return leadership;
  return { ...leadership, knowing: [...knowing, from].sort() };
}

/**
 * Whether the configuration in force outlives this leader and those who were replaced: so many of its voters know it that
 * no server is elected in it without one of them. A server that does not lead knows no better than that it is chosen.
 */
export const isWidelyKnown = ({ configuration, leadership, self }: ServerContext): boolean =>
  leadership === null || isQuorum(confirmingQuorum(configuration), [self, ...leadership.knowing]);
