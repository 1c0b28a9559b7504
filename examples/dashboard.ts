/** The page on which a person sees what the nodes of an example do, for examples that run long enough to be looked at. */

import { serveDashboard } from '../src/dashboard.ts';
import type { Node } from '../src/index.ts';

/**
 * Serves the page at `port`, and says where.
 *
 * @param port as it was given on the command line; without one nothing is served
 */
export async function showing(nodes: readonly Node[], port: string | undefined, print = console.error) {
  if (port === undefined) return { close: async () => undefined };
  const dashboard = await serveDashboard(nodes, { port: Number(port) });
  print(`see it at ${dashboard.url}`);
  return dashboard;
}
