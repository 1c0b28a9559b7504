/** The members of a log, by their nodes, as the servers of a protocol know them. */

import { type Address, addressOf, nodeOf } from '../../../../../statecharts/actor.ts';
import {
  allMembers,
  foundersOf,
  isChanging,
  type Members,
  type Replacement,
} from '../../../../../statecharts/replication/members.ts';
import type { Reconfiguration } from '../../../../../statecharts/replication/reconfiguration.ts';
import type { LogMembers, LogMembership } from '../members.ts';

/** The members from an entry on. */
interface Configuration extends Members {
  readonly index: number;
}

/** What a server durably knows of who takes part. */
export interface KnownMembers {
  /** The latest configuration that it knows; the same object until that changes. */
  readonly configuration: Configuration;
  /** The latest that is certainly committed. */
  readonly settled: Configuration;
  /** Whether the latest is known to be committed. */
  readonly isCommitted: boolean;
}

/** What a server is asked when members are to change. */
export type MembersRequest =
  | (Replacement & { readonly type: 'replace'; readonly id: number })
  | { readonly type: 'reconfigure'; readonly id: number; readonly change: Reconfiguration };

interface MembershipParts {
  /** This node. */
  readonly node: string;
  /** The name of the protocol's servers, and the log's key. */
  readonly server: string;
  readonly key: string;
  /** Where nodes listen, as this node was told. */
  readonly places: Readonly<Record<string, string>>;
  readonly isFixed: boolean;
  ask(request: MembersRequest): void;
  known(): KnownMembers;
}

interface Reached extends Pick<KnownMembers, 'configuration' | 'isCommitted'> {
  readonly places: ReadonlyMap<string, string | undefined>;
}

/** The membership of the log of a protocol. */
export function membershipOf({ node, server, key, places, isFixed, ask, known }: MembershipParts): LogMembership {
  /** Asked for after every step, and changes with few. */
  let reached: Reached | undefined;
  const addressOn = (id: string): Address => addressOf(id, server, key);
  return {
    whyFixed: isFixed ? 'no-secret' : undefined,
    members: () => membersIn(known()),
    reachable() {
      const { configuration, isCommitted, settled } = known();
      if (reached?.configuration !== configuration || reached.isCommitted !== isCommitted) {
        reached = { configuration, isCommitted, places: placesIn(node, [settled, configuration]) };
      }
      return reached.places;
    },
    get founders() {
      return foundersOf(known().configuration)?.map(nodeOf);
    },
    get hasLeft() {
      // What is not committed may be taken back.
      const { configuration, settled } = known();
      const self = addressOn(node);
      return configuration.retired.includes(self) && settled.retired.includes(self);
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
    reconfigure(id, step) {
      const server = addressOn(step.node);
      const change: Reconfiguration =
        step.kind === 'add'
          ? { kind: 'add', server, places: { ...places, [step.node]: step.place } }
          : step.kind === 'move'
            ? { kind: 'move', server, place: step.place, places }
            : { kind: step.kind, server };
      ask({ type: 'reconfigure', id, change });
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

function membersIn({ configuration, isCommitted }: KnownMembers): LogMembers {
  const { voters, nextVoters, learners, change, retired, places, index } = configuration;
  return {
    voters: voters.map(nodeOf),
    nextVoters: nextVoters === null ? null : nextVoters.map(nodeOf),
    learners: learners.map(nodeOf),
    change: change === null ? null : { leaving: nodeOf(change.leaving), joining: nodeOf(change.joining) },
    retired: retired.map(nodeOf),
    places,
    index,
    isSettled: !isChanging(configuration) && isCommitted,
  };
}
