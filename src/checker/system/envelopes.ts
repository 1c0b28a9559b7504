/** The envelopes of a model, by number: every different message that was ever sent between two addresses. */

import { type Address, canonicalKey, nodeOf, type Tagged } from '../../../statecharts/actor.ts';
import { ModelError } from '../errors.ts';
import type { ModelActor } from '../model.ts';
import { createInterned, elementAt } from '../tables/interned.ts';
import { checkedMessage } from './admission.ts';

export interface Letter {
  readonly from: Address;
  readonly to: Address;
  readonly message: Tagged;
}

export interface Envelopes {
  readonly count: number;
  /** The number of an envelope. @throws ModelError when its addressee cannot be sent it, or is not in the model */
  idOf(from: Address, to: Address, message: Tagged): number;
  at(envelope: number): Letter;
  /** The index of the actor to which it goes; -1 for an address outside the model. */
  addresseeOf(envelope: number): number;
  /** The number of the pair between which it goes. */
  channelOf(envelope: number): number;
  /** Whether sender and addressee live on one node. */
  isLocal(envelope: number): boolean;
}

/** Makes an empty table of envelopes between `actors` and the addresses `outside`. */
export function createEnvelopes(actors: readonly ModelActor[], outside: readonly Address[]): Envelopes {
  const indexOf = new Map(actors.map(({ address }, index) => [address, index]));
  const letters = createInterned<Letter>();
  const channels = createInterned<string>();
  const addressees: number[] = [];
  const channelOf: number[] = [];
  const local: boolean[] = [];
  return {
    get count() {
      return letters.count;
    },
    idOf(from, to, message) {
      const index = indexOf.get(to) ?? -1;
      const addressee = actors[index];
      if (addressee === undefined && !outside.includes(to)) {
        throw new ModelError(
          `'${from}' sends '${message.type}' to '${to}', which the model lacks; add it to 'actors' or to 'outside'`,
        );
      }
      // As off a wire: what the addressee's schemas do not name is gone.
      const received = addressee === undefined ? message : checkedMessage(addressee, from, message);
      const known = letters.count;
      const id = letters.idOf({ from, to, message: received }, `${from} ${to} ${canonicalKey(received)}`);
      if (id === known) {
        addressees.push(index);
        channelOf.push(channels.idOf(`${from} ${to}`));
        local.push(nodeOf(from) === nodeOf(to));
      }
      return id;
    },
    at: letters.at,
    addresseeOf: (envelope) => elementAt(addressees, envelope),
    channelOf: (envelope) => elementAt(channelOf, envelope),
    isLocal: (envelope) => local[envelope] ?? false,
  };
}
