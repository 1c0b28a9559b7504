/**
 * Calls that wait for what an actor of their node delivers. Several may wait for one actor, because a decision has one
 * proposer on a node, whoever asks: the first call launches it, and each hears all that it delivers.
 */

import type { Address, Tagged } from '../../../statecharts/actor.ts';
import type { ProposerRequest } from '../../../statecharts/paxos.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Node } from '../../host/node.ts';
import type { ActorObserver } from '../../host/runner/contract.ts';
import { DecisionUnknownError } from './errors.ts';

/** One call that waits. */
interface Call<Output extends Tagged> {
  heard(output: Output): void;
  lost(cause: Error | undefined): void;
}

/** What a call waits for. */
export interface Waiting<Output extends Tagged, Result> {
  readonly node: Node;
  readonly address: Address;
  /** Begins the actor, which is not alive. */
  launch(observer: ActorObserver<Output>): void;
  /** What it is asked for this call; nothing when its life is its work. */
  readonly request?: ProposerRequest;
  /** The result that an output means for this call; undefined when it says nothing to it. @throws what the call ends with */
  hears(output: Output): Result | undefined;
  readonly deadlineMs: number;
  readonly clock: Clock;
  /** The result when the deadline passes. @throws likewise */
  late(): Result;
}

/** The calls that wait for actors of one kind, on all nodes. */
export interface Calls<Output extends Tagged> {
  /**
   * Waits until an output settles the call, or its deadline passes. When no call waits for an actor any more, it is asked to
   * withdraw.
   *
   * @throws DecisionUnknownError when the actor ends; what `hears`, `late`, `node.launch` and `node.request` throw
   */
  wait<Result>(waiting: Waiting<Output, Result>): Promise<Result>;
}

/** Makes the calls of one kind of actors. */
export function createCalls<Output extends Tagged>(): Calls<Output> {
  const byNode = new WeakMap<Node, Map<Address, Set<Call<Output>>>>();

  const waitingFor = (node: Node, address: Address): Set<Call<Output>> => {
    const addresses = byNode.get(node) ?? new Map<Address, Set<Call<Output>>>();
    byNode.set(node, addresses);
    const calls = addresses.get(address) ?? new Set();
    addresses.set(address, calls);
    return calls;
  };
  /** Those that wait now: an actor may end when none does any more, and then nothing is kept of it. */
  const callsNow = (node: Node, address: Address): readonly Call<Output>[] => [
    ...(byNode.get(node)?.get(address) ?? []),
  ];
  const observerOf = (node: Node, address: Address): ActorObserver<Output> => ({
    delivered: (output) => {
      for (const call of callsNow(node, address)) call.heard(output);
    },
    ended: (cause) => {
      for (const call of callsNow(node, address)) call.lost(cause);
    },
  });
  const leave = (node: Node, address: Address, call: Call<Output>): void => {
    const calls = waitingFor(node, address);
    calls.delete(call);
    if (calls.size > 0) return;
    byNode.get(node)?.delete(address);
    if (node.isAlive(address)) node.request(address, { type: 'withdraw' });
  };

  return {
    wait: ({ node, address, launch, request, hears, deadlineMs, clock, late }) =>
      new Promise((resolve, reject) => {
        const settle = (outcome: () => void): void => {
          clock.clearTimeout(timeout);
          try {
            leave(node, address, call);
            outcome();
          } catch (error) {
            reject(error);
          }
        };
        const call: Call<Output> = {
          heard(output) {
            try {
              const result = hears(output);
              if (result !== undefined) settle(() => resolve(result));
            } catch (error) {
              settle(() => reject(error));
            }
          },
          lost: (cause) =>
            settle(() =>
              reject(
                new DecisionUnknownError(
                  `expected '${address}' to come to a decision, but it ended before; ask again, on a node that runs`,
                  { cause },
                ),
              ),
            ),
        };
        const timeout = clock.setTimeout(() => settle(() => resolve(late())), deadlineMs);
        waitingFor(node, address).add(call);
        try {
          if (!node.isAlive(address)) launch(observerOf(node, address));
          if (request !== undefined) node.request(address, request);
        } catch (error) {
          settle(() => reject(error));
        }
      }),
  };
}
