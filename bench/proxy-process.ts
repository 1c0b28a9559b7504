/** A proxy of the benchmark in a process of its own. It is told the group once, says where it listens, and ends with its parent. */

import { BehaviorSubject } from 'rxjs';
import { type ServerKind, startProxy } from '../src/services/proxy.ts';
import type { Topology } from '../statecharts/failover.ts';

/** What the benchmark tells it. */
export interface Before {
  readonly kind: ServerKind;
  readonly topology: Topology;
}

process.once('message', async ({ kind, topology }: Before) => {
  const proxy = await startProxy({
    group: topology.group,
    kind,
    topology: new BehaviorSubject(topology),
    listen: { host: '127.0.0.1', port: 0 },
    unheardAfterMs: 1_000_000_000,
  });
  proxy.notices.subscribe(({ level, message }) => level !== 'info' && console.error(message));
  process.send?.(proxy.address.port);
});
process.once('disconnect', () => process.exit());
