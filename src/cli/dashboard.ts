/** The dashboard of a command that runs a node: where a person started it, or where one was asked for. */

import type { Command } from 'commander';
import type { LiveServer } from '../dashboard/live-server.ts';
import type { DashboardOptions } from '../dashboard/serve.ts';
import type { Environment } from '../environment/environment.ts';
import type { Node } from '../host/node.ts';
import { integerIn } from './options.ts';

/** A port, whether there is one at all, or undefined where that depends on who started the command. */
export type DashboardOption = number | boolean | undefined;

/** Adds `--dashboard` and its contrary to a command. */
export const withDashboard = (command: Command): Command =>
  command
    .option(
      '--dashboard [port]',
      'serve the dashboard on this machine (default: on any free port, where a person looks at the terminal)',
      integerIn(0, 65_535),
    )
    .option('--no-dashboard', 'serve none');

/**
 * Serves the dashboard of `node`, if there is to be one.
 *
 * @throws PagePortError; PagesMissingError where it was asked for
 */
export async function dashboardFor(
  node: Node,
  wanted: DashboardOption,
  { title, peers }: Required<Pick<DashboardOptions, 'title' | 'peers'>>,
  environment: Environment,
): Promise<LiveServer | undefined> {
  if (wanted === false || (wanted === undefined && process.stdout.isTTY !== true)) return undefined;
  const [{ serveDashboard }, { PagesMissingError }] = await Promise.all([
    import('../dashboard/serve.ts'),
    import('../dashboard/page-server.ts'),
  ]);
  try {
    return await serveDashboard([node], {
      title,
      peers,
      environment,
      ...(typeof wanted === 'number' ? { port: wanted } : {}),
    });
  } catch (error) {
    if (wanted === undefined && error instanceof PagesMissingError) return undefined;
    throw error;
  }
}
