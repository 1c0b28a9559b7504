/**
 * Registers over the acceptors of Paxos (CASPaxos): a value per key that changes by a function, without a log and a leader.
 * Who holds a lease; where a reader has got to; a small configuration that changes now and then.
 */

import { canonicalKey } from '../../../statecharts/actor/plain.ts';
import { acceptor, register } from '../../../statecharts/paxos.ts';
import type { Node } from '../../host/node.ts';
import { changesOf, type RegisterActor } from './changes.ts';
import { type DecisionOptions, decisionOf } from './decision.ts';
import { defaultValueLimitBytes, type Json, jsonOf, jsonTextOf } from './json.ts';

/** Which register, and who keeps it. */
export interface RegisterOptions extends DecisionOptions {
  /** The most bytes of a value's JSON text. Default 64 KiB; at most 1 MiB. */
  readonly valueLimitBytes?: number;
}

/**
 * A register, which holds null before its first change. All that is done to it, on whichever nodes, is linearizable. It
 * cannot be deleted: a register that is set to null takes the room of one.
 *
 * Each call may take as long as the deadline that it was opened with, and throws `RegisterUnchangedError` when that
 * passes, or the node stops, before anything of it has left; `AcceptorsDifferError` when the key has other acceptors;
 * `RegisterOverloadedError`, and what `node.start` throws.
 */
export interface Register {
  /** What it holds. A read costs as much as a change: both phases. */
  read(): Promise<Json>;
  /**
   * Changes it to what `compute` makes of the value that it holds, and resolves to that. `compute` is called once, and
   * again only where it left the value as it was and another change came between; what it throws ends the call, and the
   * register stays as it was.
   *
   * @throws RegisterUnknownError when another change came between, the deadline passed, or the node stopped while acceptors
   * were being told: the change may have happened, or may still. It is never repeated. DecisionValueError,
   * DecisionValueLimitError
   */
  change(compute: (current: Json) => Json): Promise<Json>;
  /**
   * Changes it to `next` where it holds `expected`: the same JSON, whatever the order of its names.
   *
   * @returns whether it did; false when it held another value
   * @throws what `change` throws
   */
  compareAndSet(expected: Json, next: Json): Promise<boolean>;
}

/**
 * Opens the register of a key, whose acceptors are those that its first change named. Keys of registers and of `agree` have
 * nothing to do with each other.
 *
 * @throws DecisionKeyError, AcceptorsError
 *
 * @example
 * const lease = openRegister(node, { key: 'lease', acceptors: ['n1', 'n2', 'n3'] });
 * if (await lease.compareAndSet(null, node.id)) await work();
 */
export const openRegister = (node: Node, options: RegisterOptions): Register =>
  openRegisterOf({ acceptor, register }, node, options);

/** The actors that registers are made of. */
export interface RegisterActors {
  readonly acceptor: typeof acceptor;
  readonly register: RegisterActor;
}

/** As `openRegister`. Other actors than the true ones are for proofs that a fault would be found. */
export function openRegisterOf(actors: RegisterActors, node: Node, options: RegisterOptions): Register {
  const { valueLimitBytes = defaultValueLimitBytes, ...named } = options;
  const decision = decisionOf('register', named);
  node.adopt([actors.acceptor, actors.register]);
  const changes = changesOf(node, actors.register, decision.actorKey);
  const textOf = (value: Json): string => jsonTextOf(value, valueLimitBytes);
  return {
    read: async () => jsonOf(await changes.change(decision, (text) => text)),
    change: async (compute) => jsonOf(await changes.change(decision, (text) => textOf(compute(jsonOf(text))))),
    async compareAndSet(expected, next) {
      const expectedKey = canonicalKey(jsonOf(textOf(expected)));
      const nextText = textOf(next);
      let isExpected = false;
      await changes.change(decision, (text) => {
        isExpected = canonicalKey(jsonOf(text)) === expectedKey;
        return isExpected ? nextText : text;
      });
      return isExpected;
    },
  };
}
