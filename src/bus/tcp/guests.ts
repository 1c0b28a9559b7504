/** The sessions that others opened to this side: its peers, which send over them, and clients, which are answered. */

import type { Socket } from 'node:net';
import { TooManyConnectionsError } from '../errors.ts';
import { type Core, statusAfter } from './core.ts';
import type { Links } from './links.ts';
import { textOf } from './options.ts';
import { createSession, type Ending, type Session, type SessionContext } from './session.ts';

export interface Guests {
  accept(socket: Socket): void;
  /** The open session of each node and client that has one. */
  open(): Iterable<readonly [node: string, session: Session]>;
  /** Ends all sessions. */
  stop(): void;
}

/** @param onChange called when a session opened or is over */
export function createGuests(core: Core, context: SessionContext, links: Links, onChange: () => void): Guests {
  const { mine, limits, statuses, losses } = core;
  const present = new Set<Session>();
  /** The open sessions of each node or client; the latest is the one that it is answered over. */
  const byNode = new Map<string, readonly Session[]>();

  /** Those that are no configured peers are many and come and go: they are told about and forgotten. */
  const tell = (node: string, ending: Ending): void => {
    const status = statusAfter(node, ending.error);
    if (!links.has(node)) {
      if (ending.wasOpen) losses.add(node, 'disconnected', ending.lost);
      statuses.set(status);
      statuses.forget(node);
    } else if (status.status === 'refused' && statuses.of(node)?.status !== 'connected') {
      statuses.set(status);
    }
  };

  return {
    accept(socket) {
      const remote = textOf({ host: socket.remoteAddress ?? 'unknown', port: socket.remotePort ?? 0 });
      if (present.size >= limits.connectionLimit) {
        socket.on('error', () => undefined);
        socket.destroy();
        const message = `expected at most ${limits.connectionLimit} connections at a time, refused one more; raise connectionLimit`;
        core.notice(new TooManyConnectionsError(message), remote);
        return;
      }
      const opened = createSession({
        ...context,
        socket,
        remote,
        side: 'accepted',
        mine,
        onFrame: core.receive,
        onOpen(session, { node, kind }) {
          const former = byNode.get(node) ?? [];
          byNode.set(node, [...former, session]);
          // A node dials once, so it does not know of its former connection any more; a client may know two addresses.
          if (kind === 'node') for (const it of former) it.abort();
          onChange();
          if (links.has(node)) links.nudge(node);
          else statuses.set({ node, status: 'connected' });
        },
        onClosed(session, ending) {
          present.delete(session);
          core.noticeEnding(remote, ending);
          const node = ending.theirs?.node;
          if (node === undefined) return;
          const others = (byNode.get(node) ?? []).filter((it) => it !== session);
          if (others.length > 0) byNode.set(node, others);
          else byNode.delete(node);
          onChange();
          if (others.length === 0) tell(node, ending);
          else if (ending.lost > 0) losses.add(node, 'disconnected', ending.lost);
        },
      });
      present.add(opened);
    },
    *open() {
      for (const [node, sessions] of byNode) {
        const latest = sessions.at(-1);
        if (latest !== undefined) yield [node, latest];
      }
    },
    stop() {
      for (const session of [...present]) session.end();
    },
  };
}
