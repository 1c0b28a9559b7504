/** The page on which a person sees what the nodes of an example do, for examples that run long enough to be looked at. */

import { parseArgs } from 'node:util';
import { serveDashboard } from '../src/dashboard.ts';
import type { Node } from '../src/index.ts';

/** What `--dashboard PORT` says, for an example that takes nothing else from the command line. */
export const askedPort = (args = process.argv.slice(2)): string | undefined =>
  parseArgs({ args, options: { dashboard: { type: 'string' } } }).values.dashboard;

/**
 * Serves the page at `port`, and says where.
 *
 * @param port as it was given on the command line, 0 for any that is free; without one nothing is served
 * @throws TypeError when it is no port
 */
export async function showing(nodes: readonly Node[], port: string | undefined, print = console.error) {
  if (port === undefined) return { close: async () => undefined };
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new TypeError(`expected a port from 0 to 65535 after --dashboard, got '${port}'`);
  }
  const dashboard = await serveDashboard(nodes, { port: Number(port) });
  print(`see it at ${dashboard.url}`);
  return dashboard;
}
