/** The dashboard of a command that runs a node: where a person started it, or where one was asked for. */

import type { Command } from 'commander';
import type { LiveServer } from '../dashboard/live-server.ts';
import type { DashboardOptions } from '../dashboard/serve.ts';
import type { Environment } from '../environment/environment.ts';
import type { Node } from '../host/node.ts';
import { integerIn } from './options.ts';

/** A port, whether there is one at all, or undefined where that depends on who started the command. */
export type DashboardOption = number | boolean | undefined;

/** Adds `--dashboard` and its contrary to a command. @param about what is served, and when by default */
export const withDashboard = (
  command: Command,
  about = 'serve the dashboard on this machine (default: on any free port, where a person looks at the terminal)',
): Command => command.option('--dashboard [port]', about, integerIn(0, 65_535)).option('--no-dashboard', 'serve none');

/** Serves the dashboard of a node. @throws PagePortError; PagesMissingError where it was asked for */
type Serve = (node: Node, seen: Seen, environment: Environment) => Promise<LiveServer | undefined>;

/** What people are told of what they see. */
type Seen = Required<Pick<DashboardOptions, 'title' | 'peers'>> & Pick<DashboardOptions, 'isKept'>;

/** Loads what serves a dashboard: what it shows begins in the turn in which it is called. @returns undefined where there is to be none */
export async function dashboardServer(wanted: DashboardOption): Promise<Serve | undefined> {
  if (wanted === false || (wanted === undefined && process.stdout.isTTY !== true)) return undefined;
  const [{ serveDashboard }, { PagesMissingError }] = await Promise.all([
    import('../dashboard/serve.ts'),
    import('../dashboard/page-server.ts'),
  ]);
  return async (node, seen, environment) => {
    try {
      return await serveDashboard([node], {
        ...seen,
        environment,
        ...(typeof wanted === 'number' ? { port: wanted } : {}),
      });
    } catch (error) {
      if (wanted === undefined && error instanceof PagesMissingError) return undefined;
      throw error;
    }
  };
}

/**
 * Serves the dashboard of `node`, if there is to be one.
 *
 * @throws PagePortError; PagesMissingError where it was asked for
 */
export async function dashboardFor(
  node: Node,
  wanted: DashboardOption,
  seen: Seen,
  environment: Environment,
): Promise<LiveServer | undefined> {
  const serve = await dashboardServer(wanted);
  return serve?.(node, seen, environment);
}
