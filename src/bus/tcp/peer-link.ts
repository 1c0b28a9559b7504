/**
 * The outgoing side of a peer: dials it, and dials again when the connection is gone, later after each failure and at
 * no predictable moment, so that the nodes of a cluster do not all knock at once.
 */

import type { TimeoutHandle } from '../../environment/clock.ts';
import type { Random } from '../../environment/random.ts';
import { HandshakeRefusedError } from '../errors.ts';
import type { Channel } from './connection.ts';
import type { Counterpart, Introduction } from './handshake.ts';
import { createSession, type Ending, type Session, type SessionContext, type SessionFrame } from './session.ts';

export interface PeerLinkOptions extends SessionContext {
  /** The peer's address, for people. */
  readonly remote: string;
  /** Opens a channel to the peer. */
  readonly connect: () => Channel;
  /** How this side introduces itself to this peer. */
  readonly mine: Introduction;
  readonly random: Random;
  readonly onOpen: (session: Session, theirs: Counterpart) => void;
  readonly onFrame: (session: Session, theirs: Counterpart, frame: SessionFrame) => void;
  /** Called after each attempt that failed, and when an open session is over. */
  readonly onDown: (ending: Ending) => void;
}

export interface PeerLink {
  /** Dials now instead of later, because there is a sign that the peer is back. */
  nudge(): void;
  /** Sends what waits where that is possible at once, closes, and does not dial again. */
  stop(): void;
}

/** Makes a link and dials at once. */
export function createPeerLink(options: PeerLinkOptions): PeerLink {
  const { clock, timing, random, onOpen, onDown } = options;
  let current: Session | undefined;
  let isOpen = false;
  let failures = 0;
  let retry: TimeoutHandle | undefined;
  let stopped = false;

  /** Exponential, capped, and drawn from the upper half of the range. */
  const delayMs = (ending: Ending): number => {
    const refused = ending.error instanceof HandshakeRefusedError;
    const fullMs = refused
      ? timing.refusedRetryMs
      : Math.min(timing.reconnectMaxMs, timing.reconnectMinMs * 2 ** Math.min(failures, 30));
    return fullMs * (0.5 + 0.5 * random.next());
  };
  const dial = (): void => {
    retry = undefined;
    current = createSession({
      ...options,
      socket: options.connect(),
      side: 'dialled',
      onOpen(session, theirs) {
        isOpen = true;
        failures = 0;
        onOpen(session, theirs);
      },
      onClosed(_session, ending) {
        current = undefined;
        isOpen = false;
        if (!stopped) retry = clock.setTimeout(dial, delayMs(ending));
        failures += 1;
        onDown(ending);
      },
    });
  };
  dial();

  return {
    nudge() {
      if (retry === undefined) return;
      clock.clearTimeout(retry);
      dial();
    },
    stop() {
      stopped = true;
      if (retry !== undefined) clock.clearTimeout(retry);
      retry = undefined;
      if (isOpen) current?.end();
      else current?.abort();
    },
  };
}
