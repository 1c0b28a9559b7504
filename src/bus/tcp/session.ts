/** A connection with the handshake on it: two sides that know whom they talk to, or why they do not. */

import type { QuorateError } from '../../../statecharts/actor.ts';
import type { Clock } from '../../environment/clock.ts';
import type { ClientIdentity } from '../bus.ts';
import { type HandshakeRefusedError, MalformedFrameError } from '../errors.ts';
import { type Channel, createConnection } from './connection.ts';
import type { Credentials } from './handshake/credentials.ts';
import {
  type Acquaintance,
  type Counterpart,
  createHandshake,
  type HandshakeOptions,
  type HandshakeStep,
  type ProofKeys,
} from './handshake.ts';
import type { TcpLimits, TcpTiming } from './options.ts';
import { securityOf } from './security.ts';
import type { Incoming } from './wire.ts';

/** What all sessions of one bus have in common. */
export interface SessionContext extends Acquaintance {
  readonly clock: Clock;
  readonly limits: TcpLimits;
  readonly timing: TcpTiming;
  readonly keys: ProofKeys;
  /** What this side says of its journal to sides that have proven themselves. */
  readonly credentials: () => Credentials;
  /** Called when the other side of a session has taken envelopes that were written. */
  readonly onTaken: () => void;
  /** The sessions that are not over. */
  readonly live: SessionRegistry;
}

/** Knows which sessions are not over. */
export interface SessionRegistry {
  readonly size: number;
  add(session: Session): void;
  remove(session: Session): void;
  /** Calls `run` as soon as all sessions are over. */
  whenEmpty(run: () => void): void;
}

export function createSessionRegistry(): SessionRegistry {
  const live = new Set<Session>();
  let waiting: (() => void)[] = [];
  const check = (): void => {
    if (live.size > 0) return;
    const due = waiting;
    waiting = [];
    for (const run of due) run();
  };
  return {
    get size() {
      return live.size;
    },
    add: (session) => void live.add(session),
    remove(session) {
      live.delete(session);
      check();
    },
    whenEmpty(run) {
      waiting.push(run);
      check();
    },
  };
}

/** The other side, and the client that it is, if it is one. */
export interface KnownCounterpart extends Counterpart {
  readonly client?: ClientIdentity;
}

interface SessionEnds {
  readonly socket: Channel;
  /** The other end, for people. */
  readonly remote: string;
  /** Called once, when both sides have accepted each other. */
  readonly onOpen: (session: Session, theirs: Counterpart) => void;
  /** Receives envelopes and rejections, once the session is open. */
  readonly onFrame: (session: Session, theirs: KnownCounterpart, frame: SessionFrame) => void;
  /** Called when more of a large frame has arrived, and not yet its end. */
  readonly onPartial?: () => void;
  /** Called once, when it is over. */
  readonly onClosed: (session: Session, ending: Ending) => void;
}

export type SessionOptions = SessionContext & HandshakeOptions & SessionEnds;

export type SessionFrame = Extract<Incoming, { kind: 'envelope' | 'absent' }>;

/** How a session ended. */
export interface Ending {
  /** What went wrong; undefined when a side closed it in good order. */
  readonly error: QuorateError | undefined;
  /** Envelopes that were accepted for sending and not taken over by the operating system. */
  readonly lost: number;
  /** The other side, when the session was open. */
  readonly theirs: Counterpart | undefined;
  /** Who the other side said that it is, when it has said so: a claim, good for telling people and nothing else. */
  readonly claimed: string | undefined;
  /** Whether it has proven what it claimed, even if the session was refused all the same. */
  readonly isProven: boolean;
}

export interface Session {
  readonly remote: string;
  /** Queues an envelope's frame. @returns false when too much waits already */
  offer(frame: Uint8Array): boolean;
  offerControl(frame: Uint8Array): void;
  /** Bytes of envelopes that wait for the other side to take them. */
  readonly backlogBytes: number;
  /** How many envelopes these are. */
  readonly backlogFrames: number;
  /** Bytes of a frame that has begun to arrive and has not ended. */
  readonly partialBytes: number;
  /** Bytes of envelopes that it has taken so far. */
  readonly takenBytes: number;
  /** Closes at once, because of an error. */
  cut(error: QuorateError): void;
  /** Sends what waits, as far as the other side takes it in time, and closes. */
  end(): void;
  /** Closes at once. */
  abort(): void;
}

const identityOf = ({ proven, token }: Counterpart, remote: string): ClientIdentity => ({
  remote,
  isProven: proven !== 'none',
  ...(token === undefined ? {} : { token }),
});

export function createSession(options: SessionOptions): Session {
  const { socket, remote, onOpen, onFrame, onClosed } = options;
  const security = securityOf(socket);
  const handshake = createHandshake(options, security);
  let theirs: KnownCounterpart | undefined;
  let refused: HandshakeRefusedError | undefined;
  let isProven = false;

  const take = ({ frames, counterpart, refusal, ...step }: HandshakeStep): void => {
    for (const frame of frames) connection.outgoing.offerControl(frame);
    if (refusal !== undefined) {
      refused = refusal;
      isProven = step.isProven ?? false;
      connection.end();
    } else if (counterpart !== undefined) {
      theirs =
        counterpart.kind === 'client' ? { ...counterpart, client: identityOf(counterpart, remote) } : counterpart;
      isProven = counterpart.proven !== 'none';
      connection.established();
      onOpen(session, theirs);
    }
  };
  const connection = createConnection({
    ...options,
    onHandshakeFrame: (frame, payload) => take(handshake.receive(frame, payload)),
    onFrame(frame) {
      if (theirs !== undefined && (frame.kind === 'envelope' || frame.kind === 'absent')) {
        onFrame(session, theirs, frame);
        return;
      }
      throw new MalformedFrameError(`expected an envelope from ${remote}, got a frame of kind ${frame.kind}`);
    },
    onClosed(failure, lost) {
      onClosed(session, { error: refused ?? failure, lost, theirs, claimed: handshake.claimed, isProven });
      options.live.remove(session);
    },
  });
  const session: Session = {
    remote,
    offer: connection.outgoing.offer,
    offerControl: connection.outgoing.offerControl,
    get partialBytes() {
      return connection.partialBytes;
    },
    get backlogBytes() {
      return connection.outgoing.backlogBytes;
    },
    get backlogFrames() {
      return connection.outgoing.backlogFrames;
    },
    get takenBytes() {
      return connection.outgoing.takenBytes;
    },
    cut: connection.cut,
    end: connection.end,
    abort: connection.abort,
  };
  options.live.add(session);
  const begin = (): void => {
    take(handshake.begin());
    connection.outgoing.flush();
  };
  if (socket.connecting) socket.once(security.name === 'tls' ? 'secureConnect' : 'connect', begin);
  else begin();
  return session;
}
