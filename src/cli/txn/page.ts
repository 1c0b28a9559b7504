/**
 * The page of a command that takes the place of a node which does not run. The command is over in a moment: whoever comes to
 * the page is told all that has happened, and where it was asked for, the page stays until the command is told to end.
 */

import type { LiveServer } from '../../dashboard/live-server.ts';
import type { Environment } from '../../environment/environment.ts';
import type { Node } from '../../host/node.ts';
import { type DashboardOption, dashboardServer } from '../dashboard.ts';
import { askedToStop } from '../stop-asked.ts';
import type { Terminal } from '../terminal.ts';
import type { TogetherConfig, TxnConfig } from './config.ts';

export interface TxnPage {
  /** Shows a node, from now on, in place of the one before. @throws PagePortError; PagesMissingError where it was asked for */
  watch(node: Node): Promise<void>;
  /** The command has to wait: says where the page is, if there is one and it was not said. */
  waits(): void;
  /** The command has done its work, and its node is gone: the page stays until the process is asked to stop, where it was asked for. */
  linger(): Promise<void>;
  close(): Promise<void>;
}

/** @param wanted as the option says; by default there is a page where a person looks at the terminal */
export async function txnPage(
  config: TxnConfig,
  wanted: DashboardOption,
  terminal: Terminal,
  environment: Environment,
): Promise<TxnPage> {
  // Loaded before there is a node, so that nothing of what that does is missed.
  const serve = await dashboardServer(wanted);
  const isAsked = wanted !== undefined && wanted !== false;
  const { node: id, register, acceptors } = config;
  const together: TogetherConfig | undefined = register ?? acceptors;
  const seen = { title: `transactions of ${id}`, peers: Object.keys(together?.peers ?? {}), isKept: true };
  let served: LiveServer | undefined;
  let isTold = false;
  const tell = (): void => {
    if (served === undefined || isTold) return;
    isTold = true;
    terminal.err(`See it: ${served.url}`);
  };
  const close = async (): Promise<void> => {
    const former = served;
    served = undefined;
    await former?.close();
  };
  return {
    async watch(node) {
      await close();
      isTold = false;
      served = await serve?.(node, seen, environment);
      if (isAsked) tell();
    },
    waits: tell,
    async linger() {
      if (!isAsked) return;
      if (served === undefined) {
        terminal.err(`No page: the manager of node '${id}' runs, and is seen on the dashboard of its application.`);
        return;
      }
      terminal.err('Ctrl-C ends it.');
      await askedToStop();
    },
    close,
  };
}
