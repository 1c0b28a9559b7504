/** The dashboard of `quorate up`: what its nodes show while a person looks, and the faults that are ordered there. */

import type { FeedItem, Shown } from '../../dashboard/feed.ts';
import { type LiveServer, serveLive } from '../../dashboard/live-server.ts';
import { pagesFolder } from '../../dashboard/pages.ts';
import { systemOriginMs } from '../../environment/clock.ts';
import type { Environment } from '../../environment/environment.ts';
import { type Instruction, shownIn } from '../watching.ts';
import { type FaultNews, faultsByHand } from './faults-by-hand.ts';
import type { Supervisor } from './supervisor.ts';

export interface DashboardParts {
  readonly environment: Environment;
  readonly cluster: string;
  readonly nodes: readonly string[];
  /** The supervisor of a node, once there is one. */
  supervisorOf(node: string): Supervisor | undefined;
  /** Any free one where left out. */
  readonly port?: number;
}

/** A dashboard, and what it is told of the nodes' processes. */
export interface Dashboard extends LiveServer {
  /** A process said something that is no report. */
  heard(message: unknown): void;
  began(node: string): void;
  died(node: string, reason: string): void;
}

/** Serves the dashboard. @throws PagesMissingError, PagePortError */
export async function dashboardOf(parts: DashboardParts): Promise<Dashboard> {
  const { environment, cluster, nodes, port, supervisorOf } = parts;
  const { clock, ids } = environment;
  const nowMs = (): number => systemOriginMs + clock.nowMs();
  const viewers = new Set<(items: readonly FeedItem[]) => void>();
  const tellViewers = (items: readonly FeedItem[]): void => {
    for (const send of viewers) send(items);
  };
  const down = new Map<string, string>();
  const shownFault = (news: FaultNews): Shown => {
    const [node = ''] = news.nodes;
    return { type: 'fault', node, atMs: nowMs(), byHand: true, ...news };
  };
  const faults = faultsByHand({
    nodes: nodes.map((id) => ({
      id,
      hold: () => supervisorOf(id)?.hold(),
      release: () => supervisorOf(id)?.release(),
      pause: (isPaused) => supervisorOf(id)?.pause(isPaused),
      tell: (instruction) => supervisorOf(id)?.tell(instruction),
    })),
    onNews: (news) => tellViewers([shownFault(news)]),
    onStanding: ({ node, type }) => tellViewers([{ type, node, atMs: nowMs() }]),
  });
  const watch = (node: string): void => {
    const instruction: Instruction = { type: 'watch', isWatched: viewers.size > 0 };
    supervisorOf(node)?.tell(instruction);
  };
  const shownDown = (node: string, reason: string): Shown => ({ type: 'down', node, atMs: nowMs(), reason });
  const server = await serveLive(
    {
      head: () => ({ type: 'head', source: 'nodes', title: `cluster ${cluster}`, nodes, takesFaults: true }),
      nowMs,
      show(send) {
        viewers.add(send);
        send([...[...down].map(([node, reason]) => shownDown(node, reason)), ...faults.active.map(shownFault)]);
        nodes.forEach(watch);
        return {
          unsubscribe() {
            viewers.delete(send);
            if (viewers.size === 0) nodes.forEach(watch);
          },
        };
      },
      order: faults.order,
    },
    { clock, token: ids.next(), files: pagesFolder, ...(port === undefined ? {} : { port }) },
  );
  return {
    ...server,
    heard(message) {
      const shown = shownIn(message);
      if (shown !== undefined) tellViewers(shown.items);
    },
    began(node) {
      down.delete(node);
      faults.begun(node);
      if (viewers.size > 0) watch(node);
    },
    died(node, reason) {
      down.set(node, reason);
      tellViewers([shownDown(node, reason)]);
    },
  };
}
