/** The servers of a log, as an observer from above sees them, and what watches them in a run. */

import { type ActorState, type Address, addressOf } from '../../../statecharts/actor.ts';
import type { Application, World } from '../../simulator/scenario.ts';
import type { Problem } from '../claim.ts';

/** One server. */
export interface ServerView<Context> {
  readonly address: Address;
  readonly role: string | undefined;
  readonly context: Context;
}

/** What a protocol claims of its servers, watched in one run. */
export interface LogInvariants<Context> {
  /** Looks at servers that stand otherwise than before. @returns the first problem, in words */
  check(servers: readonly ServerView<Context>[]): Problem;
  /** A server has died: what was not durable is gone, and was told to nobody. */
  died(server: Address): void;
  /** How many leaders were in office, one after the other; only where a failover may lose something. */
  leaders?(): number;
  /** The goals of the protocol that the run has reached. */
  readonly reached: ReadonlySet<string>;
}

/** What a protocol asks of one server, whenever that stands otherwise than before. */
export interface ServerChecks<Context> {
  /** @returns what is wrong with `now`, given what it was before in this life, if it was looked at */
  check(now: ServerView<Context>, before: ServerView<Context> | undefined): Problem;
  /** Takes note of the goals that the step has reached; nothing was wrong with it. */
  note(before: ServerView<Context>, now: ServerView<Context>): void;
  /** The latest look at each server that is up, the one at hand included. */
  readonly seen: Map<Address, ServerView<Context>>;
  readonly reached: ReadonlySet<string>;
}

/** Watches servers by what their protocol asks of each. */
export const watched = <Context>({ check, note, seen, reached }: ServerChecks<Context>): LogInvariants<Context> => ({
  check(servers) {
    for (const server of servers) {
      const before = seen.get(server.address);
      if (before?.context === server.context && before.role === server.role) continue;
      seen.set(server.address, server);
      const problem = check(server, before);
      if (problem !== undefined) return problem;
      if (before !== undefined) note(before, server);
    }
    return undefined;
  },
  died: (server) => void seen.delete(server),
  reached,
});

/**
 * Finds the servers that are up and have taken a step since they were last looked at; made once per run. It is asked after
 * every event, of which most are none of theirs.
 */
export function createLookout<Context>(
  addressAt: (machine: string) => Address,
): (world: World<Application>) => readonly ServerView<Context>[] {
  const seen = new Map<string, ActorState>();
  return ({ machines }) => {
    let changed: ServerView<Context>[] | undefined;
    for (const { id, app } of machines) {
      const address = addressAt(id);
      const peeked = app?.node.peek(address);
      if (peeked === undefined || peeked.state === seen.get(id)) continue;
      const { definition, state } = peeked;
      seen.set(id, state);
      const context: Context = state.snapshot.context;
      changed ??= [];
      changed.push({ address, role: definition.roleAt(state), context });
    }
    return changed ?? none;
  };
}

const none: readonly never[] = [];

/** The address of the actor `name` on each machine; made once per run, too. */
export function addressesOf(name: string, key: string): (machine: string) => Address {
  const addresses = new Map<string, Address>();
  return (machine) => {
    let address = addresses.get(machine);
    if (address === undefined) {
      address = addressOf(machine, name, key);
      addresses.set(machine, address);
    }
    return address;
  };
}
