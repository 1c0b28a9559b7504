/** How a log in memory hands over: it takes a moment, so that a server refuses proposals and may fail meanwhile. */

import type { Clock } from '../../../../environment/clock.ts';
import type { HandOverRefusal, LogEvent } from '../replicated-log.ts';

/** A request to hand over. */
export interface HandOverRequest {
  readonly id: number;
  readonly to: string | undefined;
}

/** A server that is asked to hand over. */
export interface HandingServer {
  readonly node: string;
  readonly leads: boolean;
  /** What is under way. */
  handingOver: HandOverRequest | undefined;
  tell(event: LogEvent): void;
}

export interface HandOverParts {
  readonly clock: Clock;
  readonly nodes: readonly string[];
  isUp(node: string): boolean;
  /** Whether a majority takes the word of `server`. */
  isHeard(server: HandingServer): boolean;
  /** Lets `node` lead, with all that the leader has placed. */
  elect(node: string): void;
}

/** How long a hand-over takes, and after how long it is given up. */
const handOverMs = 2;
const patienceMs = 500;

/** Begins a hand-over, or tells why not. `handedOver` follows from the election. */
export function handOver(parts: HandOverParts, server: HandingServer, request: HandOverRequest): void {
  const { clock, nodes, isUp, isHeard, elect } = parts;
  const { node } = server;
  const { id } = request;
  const to = request.to ?? nodes.find((other) => other !== node && isUp(other));
  const objection = objectionTo(nodes, server, to);
  if (to === undefined || objection !== undefined) {
    server.tell({ type: 'notHandedOver', id, reason: objection ?? 'no-voter-heard' });
    return;
  }
  server.handingOver = request;
  const isUnderWay = (): boolean => server.handingOver === request;
  clock.setTimeout(() => {
    if (isUnderWay() && isHeard(server) && isUp(to)) elect(to);
  }, handOverMs);
  clock.setTimeout(() => {
    if (!isUnderWay()) return;
    server.handingOver = undefined;
    server.tell({ type: 'notHandedOver', id, reason: isUp(to) ? 'timed-out' : 'target-behind' });
  }, patienceMs);
}

function objectionTo(
  nodes: readonly string[],
  { node, leads, handingOver }: HandingServer,
  to: string | undefined,
): HandOverRefusal | undefined {
  if (!leads) return 'not-leader';
  if (handingOver !== undefined) return 'under-way';
  if (to === node) return 'leads-already';
  return to === undefined || nodes.includes(to) ? undefined : 'not-a-voter';
}
