/** A connection with the handshake on it: two sides that know whom they talk to, or why they do not. */

import type { Socket } from 'node:net';
import type { QuorateError } from '../../../statecharts/actor.ts';
import type { Clock } from '../../environment/clock.ts';
import { HandshakeRefusedError, MalformedFrameError } from '../errors.ts';
import { createConnection } from './connection.ts';
import { judge, type PeerMemory } from './handshake.ts';
import type { TcpLimits, TcpTiming } from './options.ts';
import { type Hello, helloFrame, type Incoming, refusalFrame } from './wire.ts';

/** What all sessions of one bus have in common. */
export interface SessionContext {
  readonly clock: Clock;
  readonly limits: TcpLimits;
  readonly timing: TcpTiming;
  readonly memory: PeerMemory;
  /** Whether an id belongs to a node, so that no client may use it. */
  readonly isNodeId: (id: string) => boolean;
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

export interface SessionOptions extends SessionContext {
  readonly socket: Socket;
  /** The other end, for people. */
  readonly remote: string;
  /** The side that dialled speaks first. */
  readonly side: 'dialled' | 'accepted';
  readonly mine: Hello;
  /** Called once, when both sides have accepted each other as far as this side can know. */
  readonly onOpen: (session: Session, theirs: Hello) => void;
  /** Receives envelopes and rejections, once the session is open. */
  readonly onFrame: (session: Session, theirs: Hello, frame: SessionFrame) => void;
  /** Called once, when it is over. */
  readonly onClosed: (session: Session, ending: Ending) => void;
}

export type SessionFrame = Extract<Incoming, { kind: 'envelope' | 'absent' }>;

/** How a session ended. */
export interface Ending {
  /** What went wrong; undefined when a side closed it in good order. */
  readonly error: QuorateError | undefined;
  /** Envelopes that were accepted for sending and not taken over by the operating system. */
  readonly lost: number;
  /** How the other side introduced itself, when it did. */
  readonly theirs: Hello | undefined;
  /** Whether envelopes could flow. */
  readonly wasOpen: boolean;
}

export interface Session {
  readonly remote: string;
  /** Queues an envelope's frame. @returns false when too much waits already */
  offer(frame: Uint8Array): boolean;
  offerControl(frame: Uint8Array): void;
  /** Sends what waits, as far as the other side takes it in time, and closes. */
  end(): void;
  /** Closes at once. */
  abort(): void;
}

export function createSession(options: SessionOptions): Session {
  const { socket, remote, side, mine, onOpen, onFrame, onClosed } = options;
  let theirs: Hello | undefined;
  let open = false;
  let refused: HandshakeRefusedError | undefined;

  const greeted = (hello: Hello): void => {
    theirs = hello;
    const verdict = judge({ mine, theirs, memory: options.memory, isNodeId: options.isNodeId });
    if (verdict !== undefined) {
      refused = new HandshakeRefusedError(verdict.code, 'this-node', verdict.reason);
      connection.outgoing.offerControl(refusalFrame(verdict.code, verdict.reason));
      connection.end();
      return;
    }
    if (side === 'accepted') connection.outgoing.offerControl(helloFrame(mine));
    open = true;
    connection.established();
    onOpen(session, hello);
  };
  const receive = (frame: Incoming): void => {
    if (frame.kind === 'refusal') {
      refused = new HandshakeRefusedError(frame.code, 'peer', frame.reason);
      connection.end();
    } else if (frame.kind === 'hello' && theirs === undefined) {
      greeted(frame.hello);
    } else if (theirs !== undefined && open && (frame.kind === 'envelope' || frame.kind === 'absent')) {
      onFrame(session, theirs, frame);
    } else {
      throw new MalformedFrameError(
        `expected ${theirs === undefined ? 'an introduction' : 'an envelope'} from ${remote}, got a frame of kind ${frame.kind}`,
      );
    }
  };

  const connection = createConnection({
    ...options,
    onFrame: receive,
    onClosed(failure, lost) {
      onClosed(session, { error: refused ?? failure, lost, theirs, wasOpen: open });
      options.live.remove(session);
    },
  });
  const session: Session = {
    remote,
    offer: connection.outgoing.offer,
    offerControl: connection.outgoing.offerControl,
    end: connection.end,
    abort: connection.abort,
  };
  options.live.add(session);
  if (side === 'dialled') {
    socket.once('connect', () => {
      connection.outgoing.offerControl(helloFrame(mine));
      connection.outgoing.flush();
    });
  }
  return session;
}
