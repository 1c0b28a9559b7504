/** What a node's actors may ask of resources: those of the application, and the snapshots of other nodes. */

import { type Address, addressOf, type Tagged } from '../../statecharts/actor.ts';
import type { Clock } from '../environment/clock.ts';
import type { Journal } from '../journal/journal.ts';
import type { Resource } from '../resources/resource.ts';
import type { Resources } from './contract.ts';
import { createEndpoint } from './endpoint.ts';
import type { Mail } from './mail.ts';
import { createPerformer, type Performer } from './performer.ts';
import type { Roster } from './roster.ts';
import { createTransfer, transferAddress, transferMessages } from './transfer.ts';

/** Opens the endpoint over which snapshots come and go. @returns what actors ask for snapshots of other nodes */
export function openTransfer(
  node: string,
  clock: Clock,
  { snapshots: room }: Journal,
  mail: Mail,
  roster: Roster,
): Resource {
  const address = transferAddress(node);
  const send = (to: Address, message: Tagged): void => mail.post(address, to, message);
  const transfer = createTransfer({ clock, room, send });
  const { endpoint, parts } = createEndpoint(address, transferMessages, 'member', send, transfer.close);
  roster.open(address, parts);
  endpoint.received.subscribe(({ from, message }) => transfer.receive(from, message));
  return transfer.resource;
}

/** The performer over a node's resources; what they answer too late, or twice, is refused. */
export function performerOf(node: string, clock: Clock, resources: Resources, mail: Mail): Performer {
  return createPerformer(clock, resources, ({ id: operation, resource }) => {
    const self = addressOf(node, 'resource', resource);
    mail.refuse({ from: self, to: self, message: { type: operation } }, 'late', 'answered too late, or twice');
  });
}
