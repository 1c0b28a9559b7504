/** The peers that this side dials, and how it stands with each. */

import { ConnectionError, PeerMovedError } from '../errors.ts';
import type { Channel } from './connection.ts';
import { type Core, statusAfter } from './core.ts';
import { createPeerLink, type PeerLink } from './peer-link.ts';
import type { Session, SessionContext } from './session.ts';

/** A peer to dial. */
export interface Target {
  /** Its address, for people; links to the same one are the same. */
  readonly remote: string;
  /** Opens a channel to it. */
  readonly connect: () => Channel;
  /** The node that must be found there; left out, any node that answers will do. */
  readonly node?: string;
}

export interface Links {
  /** Dials these from now on, and no others. Links that stay the same are not disturbed. */
  set(targets: readonly Target[]): void;
  /** Whether the node is one of those that must be found somewhere. */
  has(node: string): boolean;
  /** The open session to each peer that has one. */
  open(): Iterable<readonly [node: string, session: Session]>;
  /** Dials a peer now, because there is a sign that it is back. */
  nudge(node: string): void;
  /** Ends all sessions, and dials no peer any more. */
  stop(): void;
}

interface Entry {
  readonly target: Target;
  readonly link: PeerLink;
  /** The peer's node id, or its address while no node has answered there. */
  label: string;
  session: Session | undefined;
}

/**
 * @param onChange called when a session opened or is over
 * @param isHeard whether a peer has a session open that it dialled itself
 */
export function createLinks(
  core: Core,
  context: SessionContext,
  onChange: () => void,
  isHeard: (node: string) => boolean,
): Links {
  const { mine, environment, statuses, losses } = core;
  const entries = new Map<string, Entry>();
  const keyOf = ({ node, remote }: Target): string => node ?? remote;

  /** Two addresses may lead to one node, which is well as long as one of them does. */
  const isOpen = (label: string): boolean => {
    for (const entry of entries.values()) if (entry.label === label && entry.session !== undefined) return true;
    return false;
  };
  const rename = (entry: Entry, label: string): void => {
    if (entry.label === label) return;
    statuses.set({ node: entry.label, status: 'disconnected', reason: `node ${label} answers there now` });
    statuses.forget(entry.label);
    entry.label = label;
  };
  /** Nothing answers where a peer is dialled, though it runs and dials this node. */
  const tellMoved = (node: string, remote: string, cause: ConnectionError): void => {
    const error = new PeerMovedError(
      `expected node ${node} at ${remote}, where nothing answers, though it runs: it has reached ${mine.node} itself. If it listens elsewhere now, start ${mine.node} with that address of peer ${node}; else let connections to it through`,
      { cause },
    );
    if (statuses.of(node)?.reason === error.message) return;
    statuses.set(statusAfter(node, error));
    core.notice(error, remote, node);
  };
  const start = (key: string, target: Target): void => {
    const { node, remote, connect } = target;
    const entry: Entry = {
      target,
      label: key,
      session: undefined,
      link: createPeerLink({
        ...context,
        remote,
        connect,
        mine: node === undefined ? mine : { ...mine, expects: node },
        random: environment.randomness.stream('network'),
        onFrame: core.receive,
        onOpen(session, theirs) {
          rename(entry, theirs.node);
          entry.session = session;
          onChange();
          if (entries.get(key) === entry) statuses.set({ node: entry.label, status: 'connected' });
        },
        onDown(ending) {
          entry.session = undefined;
          onChange();
          core.noticeEnding(remote, ending);
          const isReached = isOpen(entry.label);
          if (ending.theirs !== undefined && !(isReached && ending.lost === 0))
            losses.add(entry.label, 'disconnected', ending.lost);
          if (isReached || entries.get(key) !== entry) return;
          // A refusal says more about the peer than the failure of a later attempt to reach it.
          const wasRefused = statuses.of(entry.label)?.status === 'refused';
          if (wasRefused && ending.error instanceof ConnectionError) return;
          if (ending.error instanceof ConnectionError && node !== undefined && isHeard(node)) {
            tellMoved(node, remote, ending.error);
          } else {
            statuses.set(statusAfter(entry.label, ending.error));
          }
        },
      }),
    };
    entries.set(key, entry);
    statuses.set({ node: entry.label, status: 'disconnected', reason: `not connected to ${remote} yet` });
  };
  const stop = (key: string, entry: Entry): void => {
    entries.delete(key);
    entry.link.stop();
    statuses.set({ node: entry.label, status: 'disconnected', reason: 'no longer a peer of this node' });
    statuses.forget(entry.label);
  };

  return {
    set(targets) {
      const wanted = new Map(targets.map((target) => [keyOf(target), target]));
      for (const [key, entry] of [...entries]) {
        const target = wanted.get(key);
        if (target !== undefined && target.remote === entry.target.remote) wanted.delete(key);
        else stop(key, entry);
      }
      for (const [key, target] of wanted) start(key, target);
      onChange();
    },
    has: (node) => entries.get(node)?.target.node === node,
    *open() {
      for (const { label, session } of entries.values()) if (session !== undefined) yield [label, session];
    },
    nudge: (node) => entries.get(node)?.link.nudge(),
    stop() {
      const stopped = [...entries.values()];
      entries.clear();
      for (const { link } of stopped) link.stop();
    },
  };
}
