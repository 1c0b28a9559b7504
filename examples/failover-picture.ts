/** The picture of a group over time: who is what, and whether clients can write. */

import type { Topology } from '../src/services/failover.ts';

/** What was seen in one slot of time. */
export interface Slot {
  readonly topology: Topology | undefined;
  /** Writes that were acknowledged. */
  readonly writes: number;
}

/** `P` primary, `s` standby in sync, `-` standby that is not, `.` neither; below, how much was written. */
export function picture(servers: readonly string[], slots: readonly Slot[]): readonly string[] {
  const most = Math.max(1, ...slots.map(({ writes }) => writes));
  const row = (name: string, symbolOf: (slot: Slot) => string): string =>
    `${name.padEnd(8)}${slots.map(symbolOf).join('')}`;
  return [
    ...servers.map((server) => row(server, ({ topology }) => symbolOf(server, topology))),
    row('writes', ({ writes }) => (writes === 0 ? '·' : (bars[Math.ceil((writes / most) * bars.length) - 1] ?? ''))),
  ];
}

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

function symbolOf(server: string, topology: Topology | undefined): string {
  if (topology?.primary?.server === server) return 'P';
  if (topology?.standbys.some((standby) => standby.server === server) !== true) return '.';
  return topology.inSync.includes(server) ? 's' : '-';
}
