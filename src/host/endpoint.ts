/** Endpoints: addresses that are served by plain code, such as a service, instead of a chart. */

import { type Observable, Subject } from 'rxjs';
import {
  type Address,
  type Admission,
  admissionOf,
  parseTagged,
  type Schemas,
  type Senders,
  type ServiceSender,
  type Tagged,
  type TaggedBy,
} from '../../statecharts/actor.ts';
import type { Arrival, ClientIdentity, Envelope } from '../bus/bus.ts';

/** A message that an endpoint received, and who sent it. */
export interface Received<Message extends Tagged> {
  readonly from: Address;
  readonly message: Message;
  /** The client that it came from, where the bus knows of one. */
  readonly client?: ClientIdentity;
}

/** A message that an endpoint of the node sends, or has taken in. */
export interface ServiceMail extends Envelope {
  readonly direction: 'sent' | 'taken';
}

/** An open address. */
export interface Endpoint<Message extends Tagged> {
  readonly address: Address;
  /** Valid messages, as they come. Hot. An observer's error stops that observer alone. */
  readonly received: Observable<Received<Message>>;
  /** Sends at once, from this address; to actors and endpoints alike. */
  send(to: Address, message: Tagged): void;
  /** Whether an observer listens to the mail of the node's services. */
  readonly isObserved: boolean;
  /** Tells those observers of what `other` asks, or is answered, within this process: as if it were a message, which it is not. */
  tell(direction: ServiceMail['direction'], other: Address, message: Tagged): void;
  close(): void;
}

/** The node's side of an endpoint. */
export interface EndpointParts {
  /** Whether a message may come from there. */
  readonly admits: Admission;
  /** @throws RefusedInputError when the endpoint takes no such message */
  receive(envelope: Envelope & Pick<Arrival, 'client'>): void;
  close(): void;
}

/** Makes an endpoint. `onClose` is called once; `mail` is told of each valid message before those are who receive it. */
export function createEndpoint<S extends Schemas>(
  address: Address,
  schemas: S,
  senders: Senders<keyof S & string, ServiceSender>,
  send: (to: Address, message: Tagged) => void,
  onClose: () => void,
  mail: Pick<Subject<ServiceMail>, 'observed' | 'next'> = new Subject<ServiceMail>(),
): { readonly endpoint: Endpoint<TaggedBy<S>>; readonly parts: EndpointParts } {
  const received = new Subject<Received<TaggedBy<S>>>();
  const close = (): void => {
    if (received.closed) return;
    received.complete();
    onClose();
  };
  return {
    endpoint: {
      address,
      received: received.asObservable(),
      send,
      get isObserved() {
        return mail.observed;
      },
      tell(direction, other, message) {
        const [from, to] = direction === 'sent' ? [address, other] : [other, address];
        mail.next({ direction, from, to, message });
      },
      close,
    },
    parts: {
      admits: admissionOf(senders),
      receive({ from, client, message }) {
        const parsed = parseTagged(address, 'message', schemas, message);
        if (mail.observed) mail.next({ direction: 'taken', from, to: address, message: parsed });
        received.next(client === undefined ? { from, message: parsed } : { from, message: parsed, client });
      },
      close,
    },
  };
}
