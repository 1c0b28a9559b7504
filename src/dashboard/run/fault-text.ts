/** Faults of a schedule, for people: what is wrong, and which nodes and links it touches. */

import { type Fault, nodeIds } from '../../simulator/schedule.ts';
import type { ShownLink } from '../feed.ts';

const seconds = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`);

/** A fault in words. */
export function faultText(fault: Fault): string {
  switch (fault.kind) {
    case 'partition':
      return `split: ${fault.groups.map((group) => group.join(' ')).join(' | ')}`;
    case 'one-way':
      return `${fault.from} cannot reach ${fault.to}`;
    case 'isolate':
      return `${fault.node} is cut off`;
    case 'partial-partition':
      return `cut: ${fault.cut.join(', ')}`;
    case 'clog':
      return `${fault.from} to ${fault.to} is held back`;
    case 'loss':
      return `${fault.from} to ${fault.to} loses ${Math.round(fault.probability * 100)} %`;
    case 'delay':
      return `${fault.from} to ${fault.to} takes ${seconds(fault.delayMs)} longer`;
    case 'crash':
      return `${fault.node} is killed`;
    case 'wipe':
      return `${fault.node} is killed, and loses its disk`;
    case 'rollback':
      return `${fault.node} is killed, and gets an older copy of its disk`;
    case 'pause':
      return `${fault.node} stands still`;
    case 'slow-disk':
      return `the disk of ${fault.node} is ${fault.factor} times as slow`;
    case 'stalled-disk':
      return `the disk of ${fault.node} completes no write`;
    case 'failing-disk':
      return `the disk of ${fault.node} fails`;
    case 'full-disk':
      return `the disk of ${fault.node} is full`;
    case 'drift':
      return `the clock of ${fault.node} runs at ${fault.rate.toFixed(3)}`;
    case 'outage':
      return `${fault.server} is down`;
    case 'flaky':
      return `the connections to ${fault.server} break, and are slow`;
  }
}

/** The nodes that a fault touches; of a server outside of them none. */
export function nodesOf(fault: Fault, nodes: number): readonly string[] {
  switch (fault.kind) {
    case 'partition':
      return fault.groups.flat();
    case 'partial-partition':
      return nodeIds(nodes).filter((node) => fault.cut.some((link) => link.split('>').includes(node)));
    case 'outage':
    case 'flaky':
      return [];
    default:
      return 'node' in fault ? [fault.node] : [fault.from, fault.to];
  }
}

/** The one-way links between nodes that a fault touches. */
export function linksOf(fault: Fault, nodes: number): readonly ShownLink[] {
  const between = (some: readonly string[], others: readonly string[]): readonly ShownLink[] =>
    some.flatMap((from) => others.map((to): ShownLink => [from, to]));
  switch (fault.kind) {
    case 'partition':
      return fault.groups.flatMap((group) =>
        between(
          group,
          fault.groups.flatMap((other) => (other === group ? [] : other)),
        ),
      );
    case 'partial-partition':
      return fault.cut.map((link): ShownLink => {
        const [from = '', to = ''] = link.split('>');
        return [from, to];
      });
    case 'isolate': {
      const others = nodeIds(nodes).filter((node) => node !== fault.node);
      return [...between([fault.node], others), ...between(others, [fault.node])];
    }
    default:
      return 'from' in fault ? [[fault.from, fault.to]] : [];
  }
}
