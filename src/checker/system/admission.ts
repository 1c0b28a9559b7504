/** What actors of a model may be sent, as the host would let through. */

import { type Address, nodeOf, type Tagged } from '../../../statecharts/actor.ts';
import { ModelError } from '../errors.ts';
import type { ModelActor } from '../model.ts';

/** Refuses what an actor may not be sent. @throws ModelError */
export function checkedMessage(to: ModelActor, from: Address, message: Tagged): Tagged {
  if (from === to.address && to.definition.own.includes(message.type)) return message;
  const origin = nodeOf(from) === nodeOf(to.address) ? 'node' : 'member';
  if (!to.definition.admits({ from, to: to.address, origin }, message.type)) {
    throw new ModelError(`'${from}' sends '${message.type}' to '${to.address}', which takes none from there`);
  }
  try {
    return to.definition.parseMessage(message);
  } catch (error) {
    throw new ModelError(`'${from}' sends '${message.type}' to '${to.address}', which takes no such message`, {
      cause: error,
    });
  }
}
