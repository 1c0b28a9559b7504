/** What the parts of one TCP bus share: who it is, what has arrived, and what is said about peers, losses and trouble. */

import { type Observable, Subject } from 'rxjs';
import { type Address, nodeOf, type QuorateError } from '../../../statecharts/actor.ts';
import type { Environment } from '../../environment/environment.ts';
import { arrivalOf, type Origin, type PeerStatus } from '../bus.ts';
import { ConnectionError, HandshakeRefusedError, MisaddressedEnvelopeError } from '../errors.ts';
import { createInbox, type Inbox } from '../inbox.ts';
import { createLossTally, createPeerStatuses, createTally, type LossTally, type PeerStatuses } from '../reports.ts';
import type { Credentials, PeerMemory } from './handshake/credentials.ts';
import type { Introduction, ProofKeys } from './handshake.ts';
import type { TcpLimits, TcpTiming } from './options.ts';
import type { Ending, KnownCounterpart, Session, SessionFrame } from './session.ts';

/** Something wrong that a bus survived: a frame, a connection or a handshake that it refused. */
export interface BusNotice {
  readonly error: QuorateError;
  /** The address at the other end of the connection, `host:port`. */
  readonly remote: string;
  /** Who the other side says that it is, when it has said so. */
  readonly node?: string;
  /** How many of them this notice stands for; those of one turn, one kind and one connection are told together. */
  readonly count: number;
}

export interface CoreOptions {
  readonly mine: Introduction;
  readonly keys: ProofKeys;
  /** What this side says of its journal to sides that have proven themselves. */
  readonly credentials: () => Credentials;
  readonly environment: Environment;
  readonly limits: TcpLimits;
  readonly timing: TcpTiming;
  readonly memory: PeerMemory;
}

export interface Core extends CoreOptions {
  readonly inbox: Inbox;
  readonly statuses: PeerStatuses;
  readonly losses: LossTally;
  readonly notices: Observable<BusNotice>;
  notice(error: QuorateError, remote: string, node?: string): void;
  /** Reports how a session ended, unless that is of the everyday kind, which the status of its peer tells. */
  noticeEnding(remote: string, ending: Ending): void;
  /** Takes in what came over a session. Refuses what its other side has no right to send. */
  receive(session: Session, theirs: KnownCounterpart, frame: SessionFrame): void;
  /** Lets go of all listeners. */
  complete(): void;
}

/** @param onAbsent called for an envelope that had no listener */
export function createCore(options: CoreOptions, onAbsent: (from: string, to: Address) => void): Core {
  const { clock } = options.environment;
  const self = options.mine.node;
  const inbox = createInbox();
  const statuses = createPeerStatuses();
  const losses = createLossTally(clock);
  const noticed = new Subject<BusNotice>();
  const tally = createTally<BusNotice & { count: number }>(clock, (notice) => noticed.next(notice));

  const notice = (error: QuorateError, remote: string, node?: string): void => {
    const kind = error instanceof HandshakeRefusedError ? error.refusal : '';
    const item = { error, remote, count: 1 };
    tally.add(`${error.code} ${kind} ${remote}`, node === undefined ? item : { ...item, node });
  };
  return {
    ...options,
    inbox,
    statuses,
    losses,
    notices: noticed.asObservable(),
    notice,
    noticeEnding(remote, { error, claimed }) {
      if (error !== undefined && !(error instanceof ConnectionError)) notice(error, remote, claimed);
    },
    receive({ remote }, theirs, frame) {
      const { node } = theirs;
      if (frame.kind === 'absent') {
        if (nodeOf(frame.address) === node) losses.add(node, 'absent', frame.count, frame.address);
        return;
      }
      const { envelope } = frame;
      if (nodeOf(envelope.from) === node && nodeOf(envelope.to) === self) {
        if (!inbox.deliver(arrivalOf(envelope, originOf(theirs), theirs.client))) onAbsent(node, envelope.to);
        return;
      }
      const error = new MisaddressedEnvelopeError(
        `expected an envelope from node ${node} to node ${self}, got one from ${envelope.from} to ${envelope.to}; refused it`,
      );
      notice(error, remote, node);
    },
    complete() {
      inbox.complete();
      statuses.complete();
      losses.complete();
      tally.flush();
      noticed.complete();
    },
  };
}

const originOf = ({ proven, token }: KnownCounterpart): Origin =>
  proven === 'peer' ? 'member' : token === undefined ? 'client' : 'bearer';

/** What a session's end says about the peer. */
export function statusAfter(node: string, error: QuorateError | undefined): PeerStatus {
  const reason = error?.message ?? `node ${node} closed the connection`;
  if (!(error instanceof HandshakeRefusedError)) return { node, status: 'disconnected', reason };
  return { node, status: 'refused', reason, refusal: { code: error.refusal, by: error.by } };
}
