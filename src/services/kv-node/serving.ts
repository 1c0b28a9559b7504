/** What a node of a key-value store serves over HTTP, and to whom. */

import type { OpenClients } from '../../bus/tcp.ts';
import type { Environment } from '../../environment/environment.ts';
import { createDecisions } from '../agreement/decisions.ts';
import { type HttpServerOptions, type StoreHttpServer, serveHttp } from '../http/server.ts';
import type { KeyValueNodeOptions } from './contract.ts';

/** Where tokens differ in what they open, one that shows none is let in only when that was said. */
export const openClientsOf = ({ openClients, tokens }: KeyValueNodeOptions): OpenClients =>
  openClients ?? (tokens === undefined ? 'loopback' : 'none');

/** Serves HTTP where that is wanted. */
export async function servingHttp(
  options: KeyValueNodeOptions,
  parts: Pick<
    HttpServerOptions,
    'node' | 'store' | 'bus' | 'protocol' | 'cluster' | 'restoration' | 'standing' | 'comparison' | 'examine'
  >,
  environment: Environment,
): Promise<StoreHttpServer | undefined> {
  const { http, secret, tls, tokens, audit, pid, requestDeadlineMs, onUnexpected } = options;
  if (http === undefined) return undefined;
  const { node, store } = parts;
  return await serveHttp({
    ...parts,
    decisions: createDecisions(node, () => store.membership.founders, environment.clock),
    environment,
    ...http,
    ...(tls === undefined ? {} : { tls }),
    access: {
      openClients: openClientsOf(options),
      ...(secret === undefined ? {} : { token: secret.client().httpToken() }),
      ...(secret === undefined || tokens === undefined ? {} : { named: { secret, grants: tokens } }),
    },
    ...(audit === undefined ? {} : { audit }),
    ...(pid === undefined ? {} : { pid }),
    ...(requestDeadlineMs === undefined ? {} : { deadlineMs: requestDeadlineMs }),
    ...(onUnexpected === undefined ? {} : { onUnexpected }),
  });
}
