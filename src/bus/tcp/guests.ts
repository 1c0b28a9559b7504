/**
 * The sessions that others opened to this side: its peers, which send over them, and clients, which are answered. Peers
 * always get in; strangers in their handshake and clients have limits of their own.
 */

import { HandshakeRefusedError, TooManyConnectionsError } from '../errors.ts';
import type { Channel } from './connection.ts';
import { type Core, statusAfter } from './core.ts';
import { createAdmission } from './guests/admission.ts';
import { createClientBacklog } from './guests/client-backlog.ts';
import { createClientIntake } from './guests/client-intake.ts';
import type { Provenance } from './guests/remote.ts';
import type { Verdict } from './handshake/credentials.ts';
import type { Counterpart } from './handshake.ts';
import type { Links } from './links.ts';
import { createSession, type Ending, type Session, type SessionContext } from './session.ts';

/** Which clients reach services without proving that they hold the secret. */
export type OpenClients = 'none' | 'loopback' | 'all';

export interface Guests {
  accept(socket: Channel, from: Provenance): void;
  /** The open session of each node and client that has one. */
  open(): Iterable<readonly [node: string, session: Session]>;
  /** Whether a node or client has one. */
  has(node: string): boolean;
  /** Bytes that wait for all clients together. */
  readonly clientBytes: number;
  /** Ends the sessions of nodes that are no peers any more, and of clients whose id belongs to a peer now. */
  dismiss(): void;
  /** Ends the sessions of clients that have proven one of these tokens. */
  dismissBearers(tokens: ReadonlySet<string>): void;
  /** Ends all sessions. */
  stop(): void;
}

interface Guest extends Counterpart {
  readonly session: Session;
}

/** @param onChange called when a session opened or is over */
export function createGuests(
  core: Core,
  context: SessionContext,
  openClients: OpenClients,
  links: Links,
  onChange: () => void,
): Guests {
  const { mine, limits, statuses, losses } = core;
  const present = new Set<Session>();
  const intake = createClientIntake(limits.clientIntakeBytes);
  const backlog = createClientBacklog(core.environment.clock, limits, core.timing);
  /** The open sessions of each node or client; the latest is the one that it is answered over. */
  const byNode = new Map<string, readonly Guest[]>();

  /** Those that are no configured peers are many and come and go: they are told about and forgotten. */
  const tell = (node: string, ending: Ending): void => {
    if (links.has(node)) return;
    losses.add(node, 'disconnected', ending.lost);
    statuses.set(statusAfter(node, ending.error));
    statuses.forget(node);
  };
  /** What strangers claim says nothing about the peer. */
  const tellRefused = ({ isProven, claimed = '', error }: Ending): void => {
    const isKnown = isProven && links.has(claimed) && statuses.of(claimed)?.status !== 'connected';
    if (isKnown && error instanceof HandshakeRefusedError) statuses.set(statusAfter(claimed, error));
  };
  const admission = createAdmission<Session>(mine.node, limits, (session, limit) => {
    const what = limit === 'connectionLimit' ? "clients' connections" : 'connections in their handshake';
    const message = `expected at most ${limits[limit]} ${what}, closed one; raise ${limit}`;
    core.notice(new TooManyConnectionsError(message), session.remote);
    session.abort();
  });
  const opened = (guest: Guest, place: string): void => {
    const { session, node, kind } = guest;
    admission.opened(session, place, kind);
    if (kind === 'client') {
      backlog.add(session);
      intake.add(session);
    } else if (!links.has(node)) {
      session.abort();
      return;
    }
    const former = byNode.get(node) ?? [];
    byNode.set(node, [...former, guest]);
    // A node dials once, and has proven to be that node: it is a later life, or has lost its former connection without our
    // noticing. Kept, the former one would only time out. A client may know two addresses, and has proven nothing.
    if (kind === 'node') for (const it of former) it.session.abort();
    onChange();
    if (links.has(node)) links.nudge(node);
    else statuses.set({ node, status: 'connected' });
  };
  /** Answers go to an id: by that of another client, what that one may read would be told to one that may not. */
  const objectionTo = ({ node, token }: Pick<Counterpart, 'node' | 'token'>): Verdict | undefined =>
    (byNode.get(node) ?? []).every((guest) => guest.token === token)
      ? undefined
      : { code: 'node-id-taken', reason: `${node} is the id of a client that came with another right` };
  const closed = (session: Session, ending: Ending): void => {
    present.delete(session);
    admission.closed(session);
    backlog.delete(session);
    intake.delete(session);
    core.noticeEnding(session.remote, ending);
    if (ending.theirs === undefined) {
      tellRefused(ending);
      return;
    }
    const { node } = ending.theirs;
    const others = (byNode.get(node) ?? []).filter((it) => it.session !== session);
    if (others.length > 0) byNode.set(node, others);
    else byNode.delete(node);
    onChange();
    if (others.length === 0) tell(node, ending);
    else if (ending.lost > 0) losses.add(node, 'disconnected', ending.lost);
  };

  return {
    accept(socket, { remote, place, isLocal, mayBeNode }) {
      const session = createSession({
        ...context,
        socket,
        remote,
        side: 'accepted',
        mine,
        isPeer: (id) => mayBeNode && links.has(id),
        clientsProve: openClients === 'none' || (openClients === 'loopback' && !isLocal),
        admitClient: (client) => objectionTo(client) ?? admission.forClient(place),
        onFrame: core.receive,
        onPartial: intake.check,
        onOpen: (it, counterpart) => opened({ ...counterpart, session: it }, place),
        onClosed: closed,
      });
      present.add(session);
      admission.arrived(session, place);
    },
    *open() {
      for (const [node, guests] of byNode) {
        const latest = guests.at(-1);
        if (latest !== undefined) yield [node, latest.session];
      }
    },
    has: (node) => byNode.has(node),
    get clientBytes() {
      return backlog.bytes;
    },
    dismiss() {
      for (const [node, guests] of [...byNode]) {
        for (const { kind, session } of guests) if ((kind === 'node') !== links.has(node)) session.abort();
      }
    },
    dismissBearers(tokens) {
      for (const guests of [...byNode.values()]) {
        for (const { token, session } of guests) if (token !== undefined && tokens.has(token)) session.abort();
      }
    },
    stop() {
      backlog.stop();
      for (const session of [...present]) session.end();
    },
  };
}
