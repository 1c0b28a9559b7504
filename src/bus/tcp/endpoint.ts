/**
 * What a node and a client have in common on TCP: the way that each envelope takes. A configured peer is reached over
 * the connection that this side dialled, anybody else over the one that he opened.
 */

import { Subject } from 'rxjs';
import { nodeOf } from '../../../statecharts/actor.ts';
import { arrivalOf, type Bus, type Envelope } from '../bus.ts';
import { EnvelopeNotEncodableError, EnvelopeTooLargeError } from '../errors.ts';
import { type Core, type CoreOptions, createCore } from './core.ts';
import { headerBytes } from './frames.ts';
import { createGuests, type Guests, type OpenClients } from './guests.ts';
import { createLinks, type Links } from './links.ts';
import { createRejections } from './rejections.ts';
import { createSessionRegistry, type Session, type SessionContext } from './session.ts';
import { envelopeFrame } from './wire.ts';

export interface Endpoint {
  readonly bus: Bus;
  readonly core: Core;
  readonly links: Links;
  readonly guests: Guests;
}

/** @param onClose called first when the bus is closed; what it returns is waited for */
export function createEndpoint(options: CoreOptions, openClients: OpenClients, onClose: () => Promise<void>): Endpoint {
  const { mine, environment, limits, timing, memory, keys, credentials } = options;
  const { clock } = environment;
  const self = mine.node;
  const live = createSessionRegistry();
  let routes = new Map<string, Session>();
  let closing: Promise<void> | undefined;

  const rejections = createRejections(clock, limits.rejectionsPerSecond, (node, frame) =>
    routes.get(node)?.offerControl(frame),
  );
  const core = createCore(options, (from, to) => rejections.add(from, to));
  const { inbox, losses, statuses } = core;
  const relieved = new Subject<void>();
  const refreshRoutes = (): void => {
    // A receiver that is gone has let go of what waited for it.
    relieved.next();
    routes = new Map();
    for (const [node, session] of links.open()) if (!routes.has(node)) routes.set(node, session);
    for (const [node, session] of guests.open()) {
      if (!links.has(node) && !routes.has(node)) routes.set(node, session);
    }
  };
  const context: SessionContext = {
    clock,
    limits,
    timing,
    keys,
    credentials,
    memory,
    live,
    onTaken: () => relieved.next(),
    isNodeId: (id) => links.has(id) || memory.recall(id) !== undefined,
  };
  const links = createLinks(core, context, refreshRoutes, (node) => guests.has(node));
  const guests = createGuests(core, context, openClients, links, refreshRoutes);

  const encode = (envelope: Envelope): Uint8Array => {
    let frame: Uint8Array;
    try {
      frame = envelopeFrame(envelope);
    } catch (cause) {
      throw new EnvelopeNotEncodableError(
        `expected a message of plain data from ${envelope.from} to ${envelope.to}, got '${envelope.message.type}', which has no form on the wire`,
        { cause },
      );
    }
    if (frame.length - headerBytes <= limits.frameLimitBytes) return frame;
    throw new EnvelopeTooLargeError(
      `expected an envelope of at most ${limits.frameLimitBytes} bytes, got '${envelope.message.type}' of ${frame.length - headerBytes} for ${envelope.to}; raise frameLimitBytes on all nodes, or send less at once`,
    );
  };
  const deliverHere = (envelope: Envelope): void =>
    clock.enqueue(() => {
      if (closing === undefined && !inbox.deliver(arrivalOf(envelope, 'member')))
        losses.add(self, 'absent', 1, envelope.to);
    });

  const close = async (): Promise<void> => {
    const closed = onClose();
    links.stop();
    guests.stop();
    await new Promise<void>((resolve) => live.whenEmpty(resolve));
    await closed;
    relieved.complete();
    core.complete();
  };

  const bus: Bus = {
    node: self,
    send(envelope) {
      if (closing !== undefined) return;
      const node = nodeOf(envelope.to);
      const session = routes.get(node);
      if (session === undefined) {
        if (node === self) deliverHere(envelope);
        else losses.add(node, 'disconnected', 1);
      } else if (!session.offer(encode(envelope))) {
        losses.add(node, 'dropped', 1);
      }
    },
    envelopes: (address) => inbox.envelopes(address),
    reject(envelope) {
      if (closing !== undefined) return;
      const node = nodeOf(envelope.from);
      if (node === self) losses.add(self, 'absent', 1, envelope.to);
      else rejections.add(node, envelope.to);
    },
    peers: statuses.changes,
    losses: losses.reports,
    backlog: {
      bytesFor: (node) => routes.get(node)?.backlogBytes ?? 0,
      framesFor: (node) => routes.get(node)?.backlogFrames ?? 0,
      get clientBytes() {
        return guests.clientBytes;
      },
      relieved: relieved.asObservable(),
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
  return { bus, core, links, guests };
}
