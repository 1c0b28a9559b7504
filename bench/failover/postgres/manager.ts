/** A manager of the bench, in a process of its own: what it is comes as its argument, and it lives as long as its parent. */

import { openSecretFile } from '../../../src/bus/tcp/secret/file.ts';
import type { HostPort } from '../../../src/bus/tcp.ts';
import { systemClock } from '../../../src/environment/clock.ts';
import { localHost, postgresServer } from '../../../src/resources/managed/postgres.ts';
import { type ManagerNews, startFailoverManager } from '../../../src/services/failover/manager-node.ts';
import { nowMs } from './now.ts';
import type { Moment, Phase } from './phases.ts';

export interface ManagerOfBench {
  readonly id: string;
  readonly managers: Readonly<Record<string, HostPort>>;
  readonly http: HostPort;
  readonly directory: string;
  readonly secretFile: string;
  readonly binaries: string;
  readonly servers: Readonly<
    Record<string, { readonly url: string; readonly address: HostPort; readonly data: string }>
  >;
}

const given: ManagerOfBench = JSON.parse(process.argv[2] ?? '{}');
const names = Object.keys(given.servers);
const urls = Object.fromEntries(Object.entries(given.servers).map(([name, { url }]) => [name, url]));
const manager = await startFailoverManager({
  id: given.id,
  managers: given.managers,
  dataDirectory: given.directory,
  secret: openSecretFile(given.secretFile),
  http: given.http,
  plan: { group: 'bench', mode: 'durable', servers: names.map((server) => ({ server, canStart: true })) },
  servers: Object.fromEntries(
    Object.entries(given.servers).map(([server, { address, data }]) => {
      const host = localHost({ data, binaries: given.binaries, clock: systemClock() });
      return [server, { address, server: postgresServer({ group: 'bench', server, servers: urls, host }) }];
    }),
  ),
  // Crash after crash is what is measured.
  maxFlaps: 1_000_000,
  pid: process.pid,
});
manager.news.subscribe((news) => {
  const what = phaseOf(news);
  if (what !== undefined) process.send?.({ what, atMs: nowMs() } satisfies Moment);
});
manager.failure.subscribe((error) => {
  process.stderr.write(`manager '${given.id}' failed: ${error.message}\n`);
  process.exit(1);
});
process.on('disconnect', () => void manager.stop().then(() => process.exit(0)));
process.send?.('started');

/** The phase that ends with what was told. */
function phaseOf(news: ManagerNews): Phase | undefined {
  if (news.type === 'opinion') {
    const { opinion } = news.change;
    return opinion === 'suspected' || opinion === 'confirmed' ? opinion : undefined;
  }
  if (news.type !== 'transition') return undefined;
  const { change } = news.transition;
  return change === 'elect'
    ? 'fencing'
    : change === 'choose'
      ? 'chosen'
      : change === 'promoted'
        ? 'promoted'
        : undefined;
}
