/** The dashboard of nodes that run in this process: an application's, a manager's, an example's. */

import { systemOriginMs } from '../environment/clock.ts';
import { type Environment, systemEnvironment } from '../environment/environment.ts';
import type { Node } from '../host/node.ts';
import type { FeedItem, Shown } from './feed.ts';
import { type LiveServer, serveLive } from './live-server.ts';
import { feedOf } from './node-feed.ts';
import { pagesFolder } from './pages.ts';
import { storeOperationsOf } from './store-operations.ts';

export interface DashboardOptions {
  /** For people; by default the names of the nodes. */
  readonly title?: string;
  /** Other nodes, of which nothing is known but what these say to them. */
  readonly peers?: readonly string[];
  /** Default 127.0.0.1: whoever has the URL sees everything that the nodes do. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Further names under which browsers reach this server; addresses, `localhost` and `host` are known. */
  readonly hostNames?: readonly string[];
  readonly environment?: Environment;
}

/** How long items are gathered before they are sent together, in milliseconds. */
const gatherMs = 100;

/**
 * Serves a page that shows `nodes`: their charts, roles, messages and history. While no viewer looks it costs them nothing.
 *
 * @returns the server; its URL holds a token, without which nothing is shown
 * @throws PagePortError when the port cannot be opened; PagesMissingError when the package was not built
 *
 * @example
 * const dashboard = await serveDashboard([node]);
 * console.log(`see it at ${dashboard.url}`);
 */
export function serveDashboard(nodes: readonly Node[], options: DashboardOptions = {}): Promise<LiveServer> {
  const {
    title = nodes.map(({ id }) => id).join(', '),
    environment = systemEnvironment(),
    peers = [],
    ...at
  } = options;
  const { clock, ids } = environment;
  const show = (send: (items: readonly FeedItem[]) => void): { unsubscribe(): void } => {
    let gathered: Shown[] = [];
    const pass = (): void => {
      const items = gathered;
      gathered = [];
      send(items);
    };
    const gather = (item: Shown): void => {
      if (gathered.length === 0) clock.setTimeout(pass, gatherMs);
      gathered.push(item);
    };
    const feeds = nodes.flatMap((node) => [
      feedOf(node, gather, { clock }),
      storeOperationsOf(node, gather, { clock }),
    ]);
    return {
      unsubscribe() {
        for (const feed of feeds) feed.unsubscribe();
      },
    };
  };
  const names = [...nodes.map(({ id }) => id), ...peers];
  return serveLive(
    {
      head: () => ({ type: 'head', source: 'nodes', title, nodes: names, takesFaults: false }),
      nowMs: () => systemOriginMs + clock.nowMs(),
      show,
    },
    { clock, token: ids.next(), files: pagesFolder, ...at },
  );
}
