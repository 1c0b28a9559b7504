/**
 * The changes that wait for the register of a key on their node. It makes one at a time, whichever handle asks, in the order
 * in which they were asked for.
 */

import { type Address, addressOf } from '../../../statecharts/actor.ts';
import type { RegisterOutput, RegisterRequest, register } from '../../../statecharts/paxos.ts';
import type { Node } from '../../host/node.ts';
import { type Decision, differing } from './decision.ts';
import { RegisterOverloadedError, RegisterUnchangedError, RegisterUnknownError } from './errors.ts';

/** What a register holds before its first change. */
const initialText = 'null';

/** The most changes of a register that wait on a node, beside the one that is under way. */
export const registerWaitingLimit = 1_000;

/** What a text becomes. Asked again only where it answered with what it was given. @throws what the change ends with */
export type Compute = (text: string) => string;

/** The changes of one register on one node. */
export interface Changes {
  /**
   * Has the register changed, and resolves to the new text.
   *
   * @throws RegisterUnknownError, RegisterUnchangedError, RegisterOverloadedError, AcceptorsDifferError; what `compute`,
   * `node.launch` and `node.request` throw
   */
  change(decision: Decision, compute: Compute): Promise<string>;
}

interface Change {
  readonly decision: Decision;
  readonly compute: Compute;
  /** What it changes the register to; null until that has left. A text that stays the same leaves no doubt. */
  text: string | null;
  isSame: boolean;
  /** Settles it, once. */
  succeed(text: string): void;
  fail(error: unknown): void;
}

const byNode = new WeakMap<Node, Map<Address, Changes>>();

/** The actor that makes the changes. */
export type RegisterActor = typeof register;

/** The changes of the register with that key of addresses, the same for all that ask on `node`. */
export function changesOf(node: Node, actor: RegisterActor, actorKey: string): Changes {
  const registers = byNode.get(node) ?? new Map<Address, Changes>();
  byNode.set(node, registers);
  const address = addressOf(node.id, actor.name, actorKey);
  const changes = registers.get(address) ?? createChanges(node, actor, address, actorKey);
  registers.set(address, changes);
  return changes;
}

function createChanges(node: Node, actor: RegisterActor, address: Address, key: string): Changes {
  const waiting: Change[] = [];
  let current: Change | undefined;
  let lastId = 0;

  const ask = (request: RegisterRequest): void => node.request(address, request);
  const begin = (change: Change): void => {
    current = change;
    lastId += 1;
    change.text = null;
    const { acceptors } = change.decision;
    try {
      if (!node.isAlive(address)) node.launch(actor, { key, input: { acceptors }, observer: { delivered, ended } });
      ask({ type: 'change', id: lastId, acceptors });
    } catch (error) {
      leave(change);
      change.fail(error);
    }
  };
  /** Makes room for the next change. */
  const leave = (change: Change): void => {
    const place = waiting.indexOf(change);
    if (place >= 0) waiting.splice(place, 1);
    if (current !== change) return;
    current = undefined;
    const next = waiting.shift();
    if (next !== undefined) begin(next);
  };
  /** No call waits for the change any more. */
  const abandon = (change: Change): void => {
    try {
      if (current === change && node.isAlive(address)) ask({ type: 'abandon', id: lastId });
    } catch {
      // A node that takes no requests now does not take this one; the next change takes the place of the one given up.
    }
    leave(change);
  };
  const replace = (change: Change, given: string): void => {
    try {
      const text = change.compute(given);
      change.isSame = text === given;
      change.text = text;
      ask({ type: 'replace', id: lastId, value: text });
    } catch (error) {
      // What `node.request` refuses has not reached the register.
      abandon(change);
      change.fail(error);
    }
  };
  const delivered = (output: RegisterOutput): void => {
    const change = current;
    if (change === undefined || output.id !== lastId) return;
    switch (output.type) {
      case 'current':
        replace(change, output.value ?? initialText);
        break;
      case 'changed':
        leave(change);
        change.succeed(change.text ?? initialText);
        break;
      case 'conflict':
        if (change.isSame) {
          begin(change);
          break;
        }
        leave(change);
        change.fail(unfinished(change, address, 'another change came between'));
        break;
      case 'differs':
        leave(change);
        change.fail(differing(change.decision, output.acceptors));
        break;
    }
  };
  const ended = (cause: Error | undefined): void => {
    const lost = [...(current === undefined ? [] : [current]), ...waiting.splice(0)];
    current = undefined;
    for (const change of lost) change.fail(unfinished(change, address, 'its node stopped', cause));
  };

  return {
    change: (decision, compute) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= registerWaitingLimit) {
          throw new RegisterOverloadedError(
            `expected at most ${registerWaitingLimit} changes of '${address}' to wait, got one more; make it later`,
          );
        }
        const { clock, deadlineMs } = decision;
        const settle = (outcome: () => void): void => {
          clock.clearTimeout(timeout);
          outcome();
        };
        const change: Change = {
          decision,
          compute,
          text: null,
          isSame: false,
          succeed: (text) => settle(() => resolve(text)),
          fail: (error) => settle(() => reject(error)),
        };
        const timeout = clock.setTimeout(() => {
          abandon(change);
          change.fail(unfinished(change, address, `${deadlineMs} ms passed`));
        }, deadlineMs);
        if (current === undefined) begin(change);
        else waiting.push(change);
      }),
  };
}

/** The error for a change that was not seen to its end. */
function unfinished({ text, isSame }: Change, address: Address, why: string, cause?: Error): Error {
  if (text === null || isSame) {
    return new RegisterUnchangedError(
      `expected '${address}' to answer, but ${why}; nothing was changed, so it may be asked again`,
      { cause },
    );
  }
  return new RegisterUnknownError(
    `expected '${address}' to be changed, but ${why} while acceptors were being told; ` +
      'the change may have happened or may still, so read the register before making another',
    { cause },
  );
}
