/** The servers of a log, as an observer from above sees them, and what watches them in a run. */

import { type Address, addressOf } from '../../../statecharts/actor.ts';
import type { Application, World } from '../../simulator/scenario.ts';

/** One server. */
export interface ServerView<Context> {
  readonly address: Address;
  readonly role: string | undefined;
  readonly context: Context;
}

/** What a protocol claims of its servers, watched in one run. */
export interface LogInvariants<Context> {
  /** Looks at the servers that are up. @returns the first problem, in words */
  check(servers: readonly ServerView<Context>[]): string | undefined;
  /** A server has died: what was not durable is gone, and was told to nobody. */
  died(server: Address): void;
  /** The goals of the protocol that the run has reached. */
  readonly reached: ReadonlySet<string>;
}

/** Finds the servers that are up; made once per run, because it is asked after every event. */
export function createLookout<Context>(
  addressAt: (machine: string) => Address,
): (world: World<Application>) => readonly ServerView<Context>[] {
  return ({ machines }) =>
    machines.flatMap(({ id, app }) => {
      const address = addressAt(id);
      const peeked = app?.node.peek(address);
      if (peeked === undefined) return [];
      const context: Context = peeked.state.snapshot.context;
      return [{ address, role: peeked.definition.roleAt(peeked.state), context }];
    });
}

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
