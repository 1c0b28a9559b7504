/**
 * The code and the commands to begin with, by what is recommended. The documents show the same texts, and there each is
 * compiled against the package; configurations are read as the commands read them.
 */

/** What to begin with. */
export interface Start {
  /** For a shell. */
  readonly commands: readonly string[];
  /** What the file is called: a program (`.ts`), or a configuration (`.json`). */
  readonly file: string;
  readonly content: string;
}

/** A node of a replicated store within an application. */
const storeNode = (file: string, choice: string): Start => {
  const option = choice === '' ? '' : `\n  ${choice},`;
  const flags = choice
    .replaceAll(/(\w+): '?([\w-]+)'?/g, (_all, name: string, value: string) => `--${dashed(name)} ${value}`)
    .replaceAll(', ', ' ');
  return {
    commands: [`npx quorate up ${flags}`.trim()],
    file,
    content: `import { readSecretFile } from 'quorate/bus/tcp';
import { startKeyValueNode } from 'quorate/kv-node';
import { keyValueStore } from 'quorate/store';

// One such process on each machine, which names itself and its peers.
const node = await startKeyValueNode({
  id: 'n1',
  dataDirectory: './data',
  listen: { host: '10.0.0.1', port: 4_801 },
  http: { host: '127.0.0.1', port: 4_701 },
  peers: { n2: { host: '10.0.0.2', port: 4_801 }, n3: { host: '10.0.0.3', port: 4_801 } },
  secret: readSecretFile('./secret'), // the same file on each: npx quorate secret new --secret-file ./secret
  pid: process.pid,${option}
});
node.failure.subscribe((error) => console.error(error.code, error.message));
await keyValueStore(node.store).put('greeting', new TextEncoder().encode('hello'));
`,
  };
};

const dashed = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const single: Start = {
  commands: [],
  file: 'single-node.ts',
  content: `import { startNode } from 'quorate/node';
import { openEmbeddedStore } from 'quorate/resources';
import { createTransactionManager } from 'quorate/transactions';

const { node } = await startNode({
  id: 'n1',
  directory: './data',
  resources({ journal, environment: { clock } }) {
    return { settings: openEmbeddedStore({ journal, clock, name: 'settings' }) };
  },
});
const manager = await createTransactionManager({ node });
await manager.transact(async ({ settings }) => settings.put('greeting', 'hello'));

manager.close();
await node.stop();
`,
};

/** A group of Redis servers under failover. */
function group(
  file: string,
  mode: 'durable' | 'pass-through',
  servers: Readonly<Record<string, 'hot' | 'warm' | 'cold'>>,
): Start {
  // Of two managers no more may fail than of one, which is then beside the standby.
  const places = Object.keys(servers).length === 2 ? [2] : [1, 2, 3];
  const managers = places.map((place) => {
    const at = `10.0.0.${place}`;
    return [`m${place}`, { listen: `${at}:7101`, http: `${at}:7201`, data: `./m${place}` }] as const;
  });
  const first = `m${places[0]}`;
  const named = Object.entries(servers).map(([name, standby], index) => {
    const start = ['ssh', name, 'systemctl', 'start', 'redis'];
    const readiness = standby === 'hot' ? {} : { standby };
    return [
      name,
      { address: `10.0.0.${index + 1}:6379`, ...readiness, ...(standby === 'cold' ? { start } : {}) },
    ] as const;
  });
  const config = {
    group: 'orders',
    kind: 'redis',
    mode,
    secretFile: './secret',
    primary: 'r1',
    managers: Object.fromEntries(managers),
    servers: Object.fromEntries(named),
    proxy: { listen: '127.0.0.1:6400', reads: '127.0.0.1:6401' },
  };
  return {
    commands: [
      'npx quorate secret new --secret-file ./secret',
      `npx quorate certs --cluster failover-${config.group} ${places.map((place) => `m${place}=10.0.0.${place}`).join(' ')}`,
      `npx quorate failover --config ${file} --id ${first} --ca certs/ca.pem --cert certs/${first}.pem --key certs/${first}.key.pem`,
      `npx quorate proxy --config ${file} --ca certs/ca.pem`,
    ],
    file,
    content: `${JSON.stringify(config, null, 2)}\n`,
  };
}

const databases = `const resources = {
  orders: postgres(process.env.ORDERS_URL ?? 'postgres://localhost/orders'),
  stock: postgres(process.env.STOCK_URL ?? 'postgres://localhost/stock'),
};`;

const order = `await manager.transact(
  async ({ orders, stock }) => {
    await orders.query('insert into orders (item) values ($1)', ['chair']);
    await stock.query('update items set amount = amount - 1 where name = $1', ['chair']);
  },
  { idempotencyKey: 'order 4711' },
);`;

const place = `  id: 'n1',
  directory: './data',
  listen: { host: '10.0.0.1', port: 5_701 },
  peers: { n2: { host: '10.0.0.2', port: 5_701 }, n3: { host: '10.0.0.3', port: 5_701 } },
  secret: readSecretFile('./secret'),`;

const doctor = 'npx quorate txn doctor --config txn.json';

/** What to begin with, by what it is. */
export const starts = {
  singleNode: single,
  store: storeNode('raft-store.ts', ''),
  paxosStore: storeNode('paxos-store.ts', "protocol: 'paxos'"),
  syncStore: storeNode('sync-store.ts', "protocol: 'primary-backup', mode: 'sync'"),
  asyncStore: storeNode('async-store.ts', "protocol: 'primary-backup', mode: 'async', maxLoss: 100"),
  durableHot: group('durable-hot.json', 'durable', { r1: 'hot', r2: 'hot', r3: 'hot' }),
  durableCold: group('durable-cold.json', 'durable', { r1: 'hot', r2: 'hot', r3: 'cold' }),
  passThroughHot: group('pass-through-hot.json', 'pass-through', { r1: 'hot', r2: 'hot', r3: 'hot' }),
  passThroughWarm: group('pass-through-warm.json', 'pass-through', { r1: 'hot', r2: 'warm', r3: 'warm' }),
  passThroughPair: group('pass-through-pair.json', 'pass-through', { r1: 'hot', r2: 'hot' }),
  journal: {
    commands: ['npm install pg', doctor],
    file: 'journal-commit.ts',
    content: `import { startNode } from 'quorate/node';
import { postgres } from 'quorate/resources/postgres';
import { createTransactionManager } from 'quorate/transactions';

${databases}
const { node } = await startNode({ id: 'n1', directory: './data', resources });
const manager = await createTransactionManager({ node });
${order}
`,
  },
  register: {
    commands: ['npm install pg', doctor],
    file: 'register-commit.ts',
    content: `import { systemEnvironment } from 'quorate';
import { readSecretFile } from 'quorate/bus/tcp';
import { startNode } from 'quorate/node';
import { postgres } from 'quorate/resources/postgres';
import { raft, startReplicatedStore } from 'quorate/store';
import {
  createDecisionRegister,
  createDecisionRegisterMachine,
  createTransactionManager,
  inRegister,
} from 'quorate/transactions';

${databases}
const decisions = createDecisionRegister({ clock: systemEnvironment().clock });
const { node } = await startNode({
${place}
  resources: { ...resources, decisions },
});
const log = raft({ voters: ['n1', 'n2', 'n3'] });
decisions.attach(startReplicatedStore({ node, key: 'txn', machine: createDecisionRegisterMachine(), log }));
const manager = await createTransactionManager({ node, decisions: inRegister('decisions') });
${order}
`,
  },
  acceptors: {
    commands: ['npm install pg', doctor],
    file: 'paxos-commit.ts',
    content: `import { readSecretFile } from 'quorate/bus/tcp';
import { startNode } from 'quorate/node';
import { postgres } from 'quorate/resources/postgres';
import { createTransactionManager, paxosCommit, transactionDefinitions } from 'quorate/transactions';

${databases}
const { node } = await startNode({
${place}
  resources,
  definitions: transactionDefinitions,
});
const manager = await createTransactionManager({ node, decisions: paxosCommit({ acceptors: ['n1', 'n2', 'n3'] }) });
${order}
`,
  },
} as const satisfies Readonly<Record<string, Start>>;
