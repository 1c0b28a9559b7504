/**
 * Several nodes on one page: what their inspectors show is passed on, each thing once. A node shows what it sends as it leaves,
 * since nobody may watch where it arrives; where the receiver is watched as well, its own word counts, of when it arrived.
 */

import { WebSocket } from 'ws';
import { isAddress, nodeOf } from '../../statecharts/actor.ts';
import type { Clock } from '../environment/clock.ts';

interface Sources {
  readonly clock: Clock;
  urls(): ReadonlyMap<string, string>;
}

/** How often it is looked for nodes that are not connected, in milliseconds. */
const lookMs = 500;

/** An event larger than what an inspector makes of bounded contexts is none of an inspector's, in bytes. */
const maxEventBytes = 16 * 1024 * 1024;

/** Passes on to `send` what the nodes show, until that is ended. */
export function gathering({ clock, urls }: Sources, send: (event: unknown) => void): { unsubscribe(): void } {
  const sockets = new Map<string, WebSocket>();
  const isWatched = (node: string): boolean => sockets.get(node)?.readyState === WebSocket.OPEN;
  const pass = (node: string, data: string): void => {
    const event = eventIn(data);
    const shown = nodeShownBy(event);
    if (shown === undefined || (shown !== node && isWatched(shown))) return;
    send(event);
  };
  const connect = (node: string, url: string): void => {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { maxPayload: maxEventBytes });
    sockets.set(node, socket);
    socket.on('message', (data) => pass(node, String(data)));
    const leave = (): void => {
      if (sockets.get(node) === socket) sockets.delete(node);
    };
    socket.on('close', leave);
    socket.on('error', leave);
  };
  const look = (): void => {
    for (const [node, url] of urls()) if (!sockets.has(node)) connect(node, url);
    timeout = clock.setTimeout(look, lookMs);
  };
  let timeout = clock.setTimeout(look, 0);
  return {
    unsubscribe() {
      clock.clearTimeout(timeout);
      for (const socket of sockets.values()) socket.terminate();
      sockets.clear();
    },
  };
}

/** What a message holds; undefined for what no inspector says. */
function eventIn(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

/** The node whose actor an event shows; its address is the session's id. */
function nodeShownBy(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null || !('sessionId' in event)) return undefined;
  return isAddress(event.sessionId) ? nodeOf(event.sessionId) : undefined;
}
