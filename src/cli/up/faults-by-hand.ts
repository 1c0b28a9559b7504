/** The faults that a person orders of the nodes of `quorate up`: what each is to its nodes, and what is told of it. */

import type { FaultOrder, ShownLink } from '../../dashboard/feed.ts';
import type { Instruction } from '../watching.ts';

/** A node, as far as faults go. */
export interface Faulty {
  readonly id: string;
  hold(): void;
  release(): void;
  pause(isPaused: boolean): void;
  tell(instruction: Instruction): void;
}

/** What began or ended. */
export interface FaultNews {
  readonly id: string;
  readonly isActive: boolean;
  readonly text: string;
  readonly nodes: readonly string[];
  readonly links?: readonly ShownLink[];
}

/** What is told besides: that a node is there, but does nothing, or goes on. */
export type StandingNews = { readonly node: string; readonly type: 'paused' | 'resumed' };

export interface FaultsByHand {
  /** Carries `order` out. @returns what was wrong with it, if anything was */
  order(order: FaultOrder): string | undefined;
  /** Links and disk of a node that begins again are sound, as its faults were its process's. */
  begun(node: string): void;
  /** The faults that last. */
  readonly active: readonly FaultNews[];
}

export interface FaultsByHandParts {
  readonly nodes: readonly Faulty[];
  readonly onNews: (news: FaultNews) => void;
  readonly onStanding: (news: StandingNews) => void;
}

const noLinkFault = { lossProbability: 0, delayMs: 0 };

export function faultsByHand({ nodes, onNews, onStanding }: FaultsByHandParts): FaultsByHand {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  /** By what they are faults of: a link, a disk, or a process. */
  const active = new Map<string, FaultNews>();
  let count = 0;
  const end = (of: string): void => {
    const fault = active.get(of);
    active.delete(of);
    if (fault !== undefined) onNews({ ...fault, isActive: false });
  };
  const begin = (of: string, text: string, nodes: readonly string[], links?: readonly ShownLink[]): void => {
    end(of);
    count += 1;
    const news = { id: `by hand ${count}`, isActive: true, text, nodes, ...(links && { links }) };
    active.set(of, news);
    onNews(news);
  };
  const endOf = (node: string, kinds: readonly string[]): void => {
    for (const of of [...active.keys()]) if (kinds.some((kind) => of.startsWith(`${kind} ${node} `))) end(of);
  };
  const link = (from: Faulty, to: string, fault: Partial<typeof noLinkFault>, text: string): void => {
    from.tell({ type: 'link', peer: to, ...noLinkFault, ...fault });
    begin(`link ${from.id} ${to}`, text, [from.id, to], [[from.id, to]]);
  };
  const process = (node: Faulty, order: FaultOrder & { readonly node: string }): void => {
    switch (order.fault) {
      case 'kill':
        node.hold();
        endOf(node.id, ['process', 'link', 'disk']);
        begin(`process ${node.id} `, `${node.id} is killed`, [node.id]);
        break;
      case 'restart':
        node.release();
        endOf(node.id, ['process', 'link', 'disk']);
        break;
      case 'pause':
        node.pause(true);
        begin(`process ${node.id} `, `${node.id} is paused`, [node.id]);
        onStanding({ node: node.id, type: 'paused' });
        break;
      case 'resume':
        node.pause(false);
        endOf(node.id, ['process']);
        onStanding({ node: node.id, type: 'resumed' });
        break;
      case 'slow-disk':
        node.tell({ type: 'disk', delayMs: order.delayMs, isFull: false });
        begin(`disk ${node.id} `, `each write at ${node.id} takes ${order.delayMs} ms longer`, [node.id]);
        break;
      case 'full-disk':
        node.tell({ type: 'disk', delayMs: 0, isFull: true });
        begin(`disk ${node.id} `, `the disk of ${node.id} is full`, [node.id]);
        break;
    }
  };
  const split = (groups: readonly (readonly string[])[]): void => {
    for (const group of groups) {
      const others = groups.filter((other) => other !== group).flat();
      for (const id of group) {
        const from = byId.get(id);
        for (const to of others)
          if (from !== undefined) link(from, to, { lossProbability: 1 }, `${id} cannot reach ${to}`);
      }
    }
  };
  const heal = (): void => {
    for (const node of nodes) node.tell({ type: 'heal' });
    for (const of of [...active.keys()]) if (!of.startsWith('process')) end(of);
  };
  return {
    order(order) {
      const unknown = namesIn(order).filter((name) => !byId.has(name));
      if (unknown.length > 0) return `expected nodes ${[...byId.keys()].join(', ')}, got ${unknown.join(', ')}`;
      const twice =
        order.fault === 'split' ? namesIn(order).find((name, at, all) => all.indexOf(name) < at) : undefined;
      if (twice !== undefined) return `expected each node in one group, got ${twice} in two`;
      if (order.fault === 'heal') heal();
      else if (order.fault === 'split') split(order.groups);
      else if ('node' in order) {
        const node = byId.get(order.node);
        if (node !== undefined) process(node, order);
      } else {
        const { from, to } = order;
        const node = byId.get(from);
        if (from === to) return `expected two nodes, got ${from} twice`;
        if (node === undefined) return undefined;
        if (order.fault === 'cut') link(node, to, { lossProbability: 1 }, `${from} cannot reach ${to}`);
        else if (order.fault === 'delay')
          link(node, to, { delayMs: order.delayMs }, `${from} reaches ${to} ${order.delayMs} ms later`);
        else
          link(
            node,
            to,
            { lossProbability: order.probability },
            `of what ${from} says to ${to}, ${Math.round(order.probability * 100)} % is lost`,
          );
      }
      return undefined;
    },
    begun(node) {
      endOf(node, ['link', 'disk']);
    },
    get active() {
      return [...active.values()];
    },
  };
}

function namesIn(order: FaultOrder): readonly string[] {
  if (order.fault === 'heal') return [];
  if (order.fault === 'split') return order.groups.flat();
  return 'node' in order ? [order.node] : [order.from, order.to];
}
