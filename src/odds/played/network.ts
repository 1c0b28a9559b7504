/**
 * A network that loses what it carries, and takes its time, as the weights of a model say. As in the model, a sender does not hear
 * of what is lost, and no node of another's end.
 */

import { filter, NEVER, Subject } from 'rxjs';
import { nodeOf } from '../../../statecharts/actor.ts';
import { type Arrival, arrivalOf, type Bus, type Envelope } from '../../bus/bus.ts';
import type { Clock } from '../../environment/clock.ts';
import { chance, type Random } from '../../environment/random.ts';
import type { Lottery } from '../timed/weights.ts';
import { drawnFrom } from './drawing.ts';

export interface ChanceNetworkOptions {
  readonly time: Clock;
  /** The probability that an envelope is lost. */
  readonly loss: number;
  /** For how many ticks nothing is lost. */
  readonly losslessTicks: number;
  /** How long it takes otherwise, in ticks of `tickMs`. */
  readonly delay: Lottery<number>;
  readonly tickMs: number;
  readonly random: Random;
}

/** The network. */
export interface ChanceNetwork {
  /** A node's end of it, until `leave`. */
  join(node: string): Bus;
  /** The node has died; what is on its way finds its next life, if that has begun by then. */
  leave(node: string): void;
  /** How many envelopes were sent. */
  readonly sent: number;
}

/** Makes a network that no node has joined. */
export function createChanceNetwork(options: ChanceNetworkOptions): ChanceNetwork {
  const { time, loss, losslessTicks, delay, tickMs, random } = options;
  const ends = new Map<string, Subject<Arrival>>();
  let sent = 0;
  const carry = (envelope: Envelope): void => {
    sent += 1;
    if (time.nowMs() >= losslessTicks * tickMs && chance(random, loss)) return;
    const ticks = drawnFrom(delay, random) ?? 0;
    time.setTimeout(() => ends.get(nodeOf(envelope.to))?.next(arrivalOf(envelope, 'member')), ticks * tickMs);
  };
  return {
    join(node) {
      const incoming = new Subject<Arrival>();
      ends.set(node, incoming);
      return {
        node,
        send(envelope) {
          if (ends.get(node) === incoming) carry(envelope);
        },
        envelopes: (address) => (address === undefined ? incoming : incoming.pipe(filter(({ to }) => to === address))),
        reject: () => {},
        peers: NEVER,
        losses: NEVER,
        close: async () => {
          if (ends.get(node) === incoming) ends.delete(node);
        },
      };
    },
    leave: (node) => void ends.delete(node),
    get sent() {
      return sent;
    },
  };
}
