/** The membership of a log whose members stay those with which it began. */

import { MembersUnchangedError, NotReplacedError } from '../../errors.ts';
import type { LogMembers, LogMembership } from '../members.ts';

/**
 * The membership that is the same for ever.
 *
 * @param self this node
 * @param nodes those that take part, this one included
 */
export function fixedMembership(self: string, nodes: readonly string[]): LogMembership {
  const voters = nodes.toSorted();
  const members: LogMembers = {
    voters,
    nextVoters: null,
    learners: [],
    change: null,
    retired: [],
    places: {},
    index: 0,
    isSettled: true,
  };
  const others = new Map(voters.filter((it) => it !== self).map((it) => [it, undefined]));
  return {
    members: () => members,
    reachable: () => others,
    founders: voters,
    whyFixed: 'members-fixed',
    hasLeft: false,
    replace(_id, { leaving, joining }) {
      throw new NotReplacedError(
        `expected members that may change, and those of this log stay ${voters.join(', ')}; do not ask for ${joining} in the place of ${leaving}`,
        'members-fixed',
      );
    },
    reconfigure(_id, { kind, node }) {
      throw new MembersUnchangedError(
        `expected members that may change, and those of this log stay ${voters.join(', ')}; do not ask to ${kind} ${node}`,
        'members-fixed',
      );
    },
  };
}
