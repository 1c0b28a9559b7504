/**
 * One of the machines of `nats.ts`: a node of a replicated store, which reaches the others over NATS and listens nowhere.
 *
 *     node dist/examples/nats-machine.js --id n1 --nats URL --data DIR --secret FILE [--dashboard PORT]
 */

import { parseArgs } from 'node:util';
import { readSecretFile } from '../src/bus/tcp.ts';
import { startKeyValueNode } from '../src/services/kv-node.ts';
import { showing } from './dashboard.ts';

const { values } = parseArgs({
  options: {
    id: { type: 'string', default: 'n1' },
    nats: { type: 'string', default: 'nats://127.0.0.1:4222' },
    data: { type: 'string', default: './n1' },
    secret: { type: 'string', default: './secret' },
    dashboard: { type: 'string' },
  },
});

/** Over NATS, where a node is says nothing about how it is reached: it is a name for people. */
const placeOf = (id: string) => ({ host: `${id}.example`, port: 4_801 });

const { node, roleChanges, failure, stop } = await startKeyValueNode({
  id: values.id,
  nats: values.nats,
  dataDirectory: values.data,
  secret: readSecretFile(values.secret),
  listen: placeOf(values.id),
  peers: Object.fromEntries(['n1', 'n2', 'n3'].filter((id) => id !== values.id).map((id) => [id, placeOf(id)])),
});
roleChanges.subscribe(({ role }) => process.send?.({ role }));
failure.subscribe((error) => {
  throw error;
});
const dashboard = await showing([node], values.dashboard);
const end = async (): Promise<void> => {
  await Promise.all([dashboard.close(), stop()]);
  // An open channel would keep the process.
  if (process.connected) process.disconnect();
};
process.once('SIGTERM', end);
// The process that started it is gone.
process.once('disconnect', end);
