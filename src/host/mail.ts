/**
 * The mail of one node: brings what its actors and endpoints send to others of this node or to the bus, and what comes off
 * the bus to whom it is for. Whoever sends what nobody takes is told, where its chart wants to hear that.
 */

import { type Address, nodeOf, type Tagged, type Unreachable } from '../../statecharts/actor.ts';
import type { Bus, Envelope, Loss } from '../bus/bus.ts';
import type { ShortLivedMap } from '../environment/short-lived-map.ts';
import type { EndpointParts } from './endpoint.ts';
import type { Inspection } from './inspection.ts';
import type { Dispatch } from './jobs.ts';
import type { Runner } from './runner.ts';

export interface MailParts {
  readonly node: string;
  readonly bus: Bus;
  readonly dispatch: Dispatch;
  readonly inspection: Inspection;
  readonly runners: Pick<ShortLivedMap<Address, Runner>, 'get' | 'values'>;
  readonly endpoints: ReadonlyMap<Address, EndpointParts>;
  /** Whether what the node's own actors send each other is validated, too. */
  readonly development: boolean;
  readonly isStopping: () => boolean;
  /**
   * What starts the addressee of a first message, where its definition allows that; it throws whatever keeps an actor
   * from starting.
   *
   * @throws RefusedInputError for a malformed message
   */
  birthBy(envelope: Envelope): (() => Runner) | undefined;
}

export interface Mail {
  /** For actors, whose messages are known to be well-formed, since their charts are typed. */
  send(from: Address, to: Address, message: Tagged): void;
  /** For endpoints, which send whatever plain code gives them. */
  post(from: Address, to: Address, message: Tagged): void;
  /** Takes in what came off the bus. */
  receive(envelope: Envelope): void;
  /** Tells the actors of what the bus has lost. */
  lost(loss: Loss): void;
  /** Reports what nobody could take. */
  refuse(envelope: Envelope, reason: string): void;
}

/** How far an envelope is to be trusted: off the bus, from an endpoint of this node, or from one of its actors. */
type Origin = 'bus' | 'endpoint' | 'actor';

/** Makes the mail of a node. */
export function createMail(parts: MailParts): Mail {
  const { node, bus, dispatch, inspection, runners, endpoints, development } = parts;

  const tell = (actor: Address, notice: Unreachable): void => {
    const runner = runners.get(actor);
    if (runner?.definition.hearsUnreachable === true) dispatch(() => runner.receive(actor, notice));
  };
  const refuse = (envelope: Envelope, reason: string): void => {
    if (inspection.observed) inspection.report({ type: 'refused', ...envelope, reason });
  };
  /** Nobody takes the envelope, and its sender is to know. */
  const reject = (envelope: Envelope, origin: Origin, reason: string): void => {
    refuse(envelope, reason);
    if (origin === 'bus') bus.reject(envelope);
    else tell(envelope.from, { type: 'unreachable', node, address: envelope.to, reason: 'absent' });
  };
  const addressee = (envelope: Envelope, origin: Origin): Runner | undefined => {
    const living = runners.get(envelope.to);
    if (living !== undefined) return living;
    const birth = parts.birthBy(envelope);
    if (birth === undefined) {
      reject(envelope, origin, 'nobody lives at this address');
      return undefined;
    }
    try {
      return birth();
    } catch (error) {
      reject(envelope, origin, messageOf(error));
      return undefined;
    }
  };
  const deliver = (envelope: Envelope, origin: Origin): void => {
    if (parts.isStopping()) return;
    const { from, to, message } = envelope;
    try {
      const endpoint = endpoints.get(to);
      if (endpoint !== undefined) {
        endpoint.receive(envelope);
        return;
      }
      const runner = addressee(envelope, origin);
      if (runner === undefined) return;
      const { definition } = runner;
      const isOwn = origin === 'actor' && from === to && definition.own.includes(message.type);
      const isTrusted = isOwn || (origin === 'actor' && !development && definition.takes(message.type));
      runner.receive(from, isTrusted ? message : definition.parseMessage(message));
    } catch (error) {
      refuse(envelope, messageOf(error));
    }
  };
  const sendFrom = (origin: Origin, from: Address, to: Address, message: Tagged): void => {
    const envelope = { from, to, message };
    if (nodeOf(to) === node) {
      dispatch(() => deliver(envelope, origin));
      return;
    }
    try {
      bus.send(envelope);
    } catch (error) {
      refuse(envelope, messageOf(error));
      tell(from, { type: 'unreachable', node: nodeOf(to), address: to, reason: 'dropped' });
    }
  };

  return {
    send: (from, to, message) => sendFrom('actor', from, to, message),
    post: (from, to, message) => sendFrom('endpoint', from, to, message),
    receive: (envelope) => dispatch(() => deliver(envelope, 'bus')),
    lost(loss) {
      if (inspection.observed) inspection.report({ type: 'lost', loss });
      const { node: lost, address, reason } = loss;
      const notice = { type: 'unreachable', node: lost, reason, ...(address === undefined ? {} : { address }) };
      for (const runner of runners.values()) {
        if (runner.definition.hearsUnreachable) dispatch(() => runner.receive(runner.address, notice));
      }
    },
    refuse,
  };
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
