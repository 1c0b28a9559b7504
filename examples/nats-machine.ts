/** One of the machines of `nats.ts`: a node of a replicated store, which reaches the others over NATS and listens nowhere. */

import { parseArgs } from 'node:util';
import { readSecretFile } from '../src/bus/tcp.ts';
import { startKeyValueNode } from '../src/services/kv-node.ts';

const { values } = parseArgs({
  options: {
    id: { type: 'string', default: 'n1' },
    nats: { type: 'string', default: 'nats://127.0.0.1:4222' },
    data: { type: 'string', default: './n1' },
    secret: { type: 'string', default: './secret' },
  },
});

/** Over NATS, where a node is says nothing about how it is reached: it is a name for people. */
const placeOf = (id: string) => ({ host: `${id}.example`, port: 4_801 });

const { roleChanges, failure, stop } = await startKeyValueNode({
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
const end = async (): Promise<void> => {
  await stop();
  // An open channel would keep the process.
  if (process.connected) process.disconnect();
};
process.once('SIGTERM', end);
// The process that started it is gone.
process.once('disconnect', end);
