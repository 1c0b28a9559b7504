/**
 * The mail of one node: brings what its actors and endpoints send to others of this node or to the bus, and what comes off
 * the bus to whom it is for, if that takes it from there. Who sends what nobody takes is told, where its chart wants to
 * hear that.
 */

import { type Observable, Subject } from 'rxjs';
import {
  type Address,
  type Admission,
  type AnyActor,
  nodeOf,
  type Tagged,
  type Unreachable,
} from '../../statecharts/actor.ts';
import type { Arrival, Bus, Envelope, Loss } from '../bus/bus.ts';
import { messageOf } from '../environment/message.ts';
import type { ShortLivedMap } from '../environment/short-lived-map.ts';
import type { EndpointParts, ServiceMail } from './endpoint.ts';
import { NodeOverloadedError, RoomFullError } from './errors.ts';
import type { Inspection, RefusedKind } from './inspection.ts';
import type { Dispatch } from './jobs.ts';
import type { Runner } from './runner/contract.ts';

export interface MailParts {
  readonly node: string;
  readonly bus: Bus;
  readonly dispatch: Dispatch;
  readonly inspection: Inspection;
  readonly runners: Pick<ShortLivedMap<Address, Runner>, 'get' | 'values'>;
  readonly endpoints: ReadonlyMap<Address, EndpointParts>;
  /** Whether what the node's own actors send each other is validated, too. */
  readonly development: boolean;
  /** Told of refused requests in development. */
  warn(text: string): void;
  readonly isStopping: () => boolean;
  /** The definition whose actors may be born at this address by a first message. */
  definitionAt(address: Address): AnyActor | undefined;
  /**
   * What starts the addressee of a first message, where its definition allows that; it throws whatever keeps an actor
   * from starting.
   *
   * @throws RefusedInputError for a malformed message
   */
  birthBy(definition: AnyActor, envelope: Envelope): (() => Runner) | undefined;
}

/** A message or a request that was not taken. */
export interface Refused {
  /** The actor or endpoint that it was for. */
  readonly to: Address;
  /** The same address where an application asked through a handle. */
  readonly from: Address;
  readonly message: Tagged;
  readonly kind: RefusedKind;
  /** What was expected, and what came; for people. */
  readonly reason: string;
}

/** How many messages and requests were not taken, by the reason. */
export type RefusedCounts = Readonly<Record<RefusedKind, number>>;

export interface Mail {
  /** For actors, whose messages are known to be well-formed, since their charts are typed. */
  send(from: Address, to: Address, message: Tagged): void;
  /** For endpoints, which send whatever plain code gives them. */
  post(from: Address, to: Address, message: Tagged): void;
  /** Takes in what came off the bus. */
  receive(arrival: Arrival): void;
  /** Tells the actors of what the bus has lost. */
  lost(loss: Loss): void;
  /** Reports what nobody could take, and counts it. */
  refuse(envelope: Envelope, kind: RefusedKind, reason: string): void;
  readonly refused: RefusedCounts;
  /** Each as it is refused. */
  readonly refusals: Observable<Refused>;
  /** Each message from one address of this node to another, or to itself, as it is sent. */
  readonly internal: Observable<Envelope>;
  /** Each message of an endpoint: those that are sent are told here, those that it takes in by the endpoint. */
  readonly service: Subject<ServiceMail>;
}

/** Where an envelope comes from: an actor or an endpoint of this node, another node, or a client. */
type Origin = 'actor' | 'endpoint' | Arrival['origin'];

/** Makes the mail of a node. */
export function createMail(parts: MailParts): Mail {
  const { node, bus, dispatch, inspection, runners, endpoints, development, warn } = parts;

  const tell = (actor: Address, notice: Unreachable): void => {
    const runner = runners.get(actor);
    if (runner?.definition.hearsUnreachable === true) dispatch(() => runner.receive(actor, notice));
  };
  const refused = { stranger: 0, absent: 0, malformed: 0, late: 0, unsendable: 0, overload: 0 };
  const refusals = new Subject<Refused>();
  const internal = new Subject<Envelope>();
  const service = new Subject<ServiceMail>();
  const refuse = ({ from, to, message }: Envelope, kind: RefusedKind, reason: string): void => {
    refused[kind] += 1;
    if (refusals.observed) refusals.next({ from, to, message, kind, reason });
    // Whoever sends to a handle gets no answer to that.
    const isOfHandle = from === to && (kind === 'malformed' || kind === 'overload');
    if (development && isOfHandle) warn(`quorate: '${to}' refused the request '${message.type}': ${reason}`);
    if (inspection.observed) inspection.report({ type: 'refused', from, to, message, kind, reason });
  };
  /** Nobody takes the envelope, and its sender is to know. A stranger learns no more of it than that. */
  const reject = (envelope: Envelope, origin: Origin, kind: RefusedKind, reason: string): void => {
    refuse(envelope, kind, reason);
    if (!isOwnNode(origin)) bus.reject(envelope);
    else tell(envelope.from, { type: 'unreachable', node, address: envelope.to, reason: 'absent' });
  };
  const born = (definition: AnyActor, envelope: Envelope, origin: Origin): Runner | undefined => {
    const birth = parts.birthBy(definition, envelope);
    if (birth === undefined) {
      reject(envelope, origin, 'absent', noOne);
      return undefined;
    }
    try {
      return birth();
    } catch (error) {
      const isFull = error instanceof NodeOverloadedError || error instanceof RoomFullError;
      reject(envelope, origin, isFull ? 'overload' : 'absent', messageOf(error));
      return undefined;
    }
  };
  /** Whether the envelope may come from where it comes from. */
  const isAdmitted = (admits: Admission, { from, to, message }: Envelope, origin: Origin): boolean =>
    // What has come over the bus was not sent by this node, whatever its address says.
    isOwnNode(origin) || nodeOf(from) !== node
      ? admits({ from, to, origin: isOwnNode(origin) ? 'node' : origin }, message.type)
      : false;
  const deliver = (envelope: Envelope & Pick<Arrival, 'client'>, origin: Origin): void => {
    if (parts.isStopping()) return;
    const { from, to, message } = envelope;
    try {
      const endpoint = endpoints.get(to);
      if (endpoint !== undefined) {
        if (isAdmitted(endpoint.admits, envelope, origin)) endpoint.receive(envelope);
        else reject(envelope, origin, 'stranger', `it takes no '${message.type}' from there`);
        return;
      }
      const living = runners.get(to);
      const definition = living?.definition ?? parts.definitionAt(to);
      if (definition === undefined) {
        reject(envelope, origin, 'absent', noOne);
        return;
      }
      const isOwn = origin === 'actor' && from === to && definition.own.includes(message.type);
      if (!isOwn && !isAdmitted(definition.admits, envelope, origin)) {
        reject(envelope, origin, 'stranger', `'${definition.name}' takes no '${message.type}' from there`);
        return;
      }
      const runner = living ?? born(definition, envelope, origin);
      if (runner === undefined) return;
      const isTrusted = isOwn || (origin === 'actor' && !development && definition.takes(message.type));
      runner.receive(from, isTrusted ? message : definition.parseMessage(message));
    } catch (error) {
      refuse(envelope, 'malformed', messageOf(error));
    }
  };
  const sendFrom = (origin: Origin, from: Address, to: Address, message: Tagged): void => {
    const envelope = { from, to, message };
    if (nodeOf(to) === node) {
      if (internal.observed) internal.next(envelope);
      dispatch(() => deliver(envelope, origin));
      return;
    }
    try {
      bus.send(envelope);
    } catch (error) {
      refuse(envelope, 'unsendable', messageOf(error));
      tell(from, { type: 'unreachable', node: nodeOf(to), address: to, reason: 'dropped' });
    }
  };

  return {
    send: (from, to, message) => sendFrom('actor', from, to, message),
    post(from, to, message) {
      if (service.observed) service.next({ direction: 'sent', from, to, message });
      sendFrom('endpoint', from, to, message);
    },
    receive: (arrival) => dispatch(() => deliver(arrival, arrival.origin)),
    lost(loss) {
      if (inspection.observed) inspection.report({ type: 'lost', loss });
      const { node: lost, address, reason } = loss;
      const notice = { type: 'unreachable', node: lost, reason, ...(address === undefined ? {} : { address }) };
      for (const runner of runners.values()) {
        if (runner.definition.hearsUnreachable) dispatch(() => runner.receive(runner.address, notice));
      }
    },
    refuse,
    refused,
    refusals: refusals.asObservable(),
    internal: internal.asObservable(),
    service,
  };
}

const noOne = 'nobody lives at this address';
const isOwnNode = (origin: Origin): origin is 'actor' | 'endpoint' => origin === 'actor' || origin === 'endpoint';
