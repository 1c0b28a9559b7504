/** The members of a log that Raft keeps, by their nodes. */

import { type Address, addressOf, nodeOf } from '../../../../statecharts/actor.ts';
import { isRetired, settledConfiguration } from '../../../../statecharts/raft/configuration.ts';
import type { RaftRequest } from '../../../../statecharts/raft/messages.ts';
import {
  allMembers,
  type Configuration,
  isChanging,
  raftServer,
  type ServerContext,
} from '../../../../statecharts/raft.ts';
import type { LogMembers, LogMembership } from './members.ts';

interface RaftMembershipParts {
  /** This node. */
  readonly node: string;
  readonly key: string;
  /** Where nodes listen, as this node was told. */
  readonly places: Readonly<Record<string, string>>;
  readonly isFixed: boolean;
  ask(request: RaftRequest): void;
  /** The server's durable state. */
  context(): ServerContext;
}

interface Known {
  readonly configuration: Configuration;
  readonly isCommitted: boolean;
  readonly places: ReadonlyMap<string, string | undefined>;
}

export function raftMembership({ node, key, places, isFixed, ask, context }: RaftMembershipParts): LogMembership {
  /** Asked for after every step, and changes with few. */
  let known: Known | undefined;
  const addressOn = (id: string): Address => addressOf(id, raftServer.name, key);
  return {
    isFixed,
    members: () => membersIn(context()),
    reachable() {
      const now = context();
      const { configuration } = now;
      const isCommitted = configuration.index <= now.commitIndex;
      if (known?.configuration !== configuration || known.isCommitted !== isCommitted) {
        known = { configuration, isCommitted, places: placesIn(node, [settledConfiguration(now), configuration]) };
      }
      return known.places;
    },
    get hasLeft() {
      return isRetired(context(), addressOn(node));
    },
    replace(id, { leaving, joining, place }) {
      ask({
        type: 'replace',
        id,
        leaving: addressOn(leaving),
        joining: addressOn(joining),
        places: { ...places, [joining]: place },
      });
    },
  };
}

/** The members of all `configurations` but `self`, each where the latest of them says. */
function placesIn(self: string, configurations: readonly Configuration[]): ReadonlyMap<string, string | undefined> {
  const places = new Map<string, string | undefined>();
  for (const configuration of configurations) {
    for (const server of allMembers(configuration)) {
      const id = nodeOf(server);
      if (id !== self) places.set(id, configuration.places[id] ?? places.get(id));
    }
  }
  return places;
}

function membersIn({ configuration, commitIndex }: ServerContext): LogMembers {
  const { voters, nextVoters, learners, change, retired, places, index } = configuration;
  return {
    voters: voters.map(nodeOf),
    nextVoters: nextVoters === null ? null : nextVoters.map(nodeOf),
    learners: learners.map(nodeOf),
    change: change === null ? null : { leaving: nodeOf(change.leaving), joining: nodeOf(change.joining) },
    retired: retired.map(nodeOf),
    places,
    index,
    isSettled: !isChanging(configuration) && index <= commitIndex,
  };
}
