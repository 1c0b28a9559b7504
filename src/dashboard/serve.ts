/** The dashboard of nodes that run in this process: an application's, a manager's, an example's. */

import { systemOriginMs } from '../environment/clock.ts';
import { type Environment, systemEnvironment } from '../environment/environment.ts';
import type { Node } from '../host/node.ts';
import type { FeedHead } from './feed.ts';
import { type LiveServer, serveLive } from './live-server.ts';
import { pagesFolder } from './pages.ts';
import { shownFromNow, shownSinceNow } from './shown-nodes.ts';

export interface DashboardOptions {
  /** For people; by default the names of the nodes. */
  readonly title?: string;
  /** Other nodes, of which nothing is known but what these say to them. */
  readonly peers?: readonly string[];
  /**
   * Whether viewers are told, too, what the nodes did since they are served, as far as it is kept: for what is over before a
   * person can look. It costs the nodes as much as a viewer. Default false: each is told from when it looks.
   */
  readonly isKept?: boolean;
  /** Default 127.0.0.1: whoever has the URL sees everything that the nodes do. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Further names under which browsers reach this server; addresses, `localhost` and `host` are known. */
  readonly hostNames?: readonly string[];
  readonly environment?: Environment;
}

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
export async function serveDashboard(nodes: readonly Node[], options: DashboardOptions = {}): Promise<LiveServer> {
  const {
    title = nodes.map(({ id }) => id).join(', '),
    environment = systemEnvironment(),
    peers = [],
    isKept = false,
    ...at
  } = options;
  const { clock, ids } = environment;
  const names = [...nodes.map(({ id }) => id), ...peers];
  const head: FeedHead = {
    ...{ type: 'head', source: 'nodes', title, nodes: names, takesFaults: false },
    ...(isKept ? { isWhole: true } : {}),
  };
  const shown = isKept ? shownSinceNow(nodes, head, clock) : shownFromNow(nodes, clock);
  try {
    const { url, close } = await serveLive(
      { head: () => head, nowMs: () => systemOriginMs + clock.nowMs(), show: shown.show },
      { clock, token: ids.next(), files: pagesFolder, ...at },
    );
    return {
      url,
      close() {
        shown.end();
        return close();
      },
    };
  } catch (error) {
    shown.end();
    throw error;
  }
}
