/**
 * A replicated store over NATS: three machines' worth of processes, each with data of its own and no port, and a client, which
 * know the NATS server's address alone. The machine that leads is killed, and so is the server; nothing that was acknowledged is lost.
 *
 *     npm run example:nats [-- --server nats://127.0.0.1:4222]
 *
 * Without a server that runs already it starts `nats-server`, which then is killed, too.
 */

import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { createNatsClient } from '../src/bus/nats.ts';
import { createSecretFile } from '../src/bus/tcp.ts';
import { type Client, createStoreClient, OutcomeUnknownError, UnavailableError } from '../src/services/store.ts';
import { eventually, freePort } from './failover-trio.ts';

const { values } = parseArgs({ options: { server: { type: 'string' } } });
const ids = ['n1', 'n2', 'n3'];
const script = join(import.meta.dirname, `nats-machine${extname(import.meta.filename)}`);
const directory = mkdtempSync(join(tmpdir(), 'quorate-nats-'));
const secretFile = join(directory, 'secret');
const secret = createSecretFile(secretFile);
const port = await freePort();
const url = values.server ?? `nats://127.0.0.1:${port}`;
const machines = new Map<string, ChildProcess>();
let server: ChildProcess | undefined;
let leader: string | undefined;

function startServer(): void {
  server = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  server.once('error', (error) => {
    console.error(`cannot start nats-server (${error.message}); install it, or name one with --server`);
    process.exit(1);
  });
}

function startMachine(id: string): void {
  const machine = fork(script, ['--id', id, '--nats', url, '--data', join(directory, id), '--secret', secretFile]);
  machines.set(id, machine);
  machine.on('message', (message) => {
    if (typeof message === 'object' && 'role' in message && message.role === 'leader') leader = id;
  });
  // As a supervisor does: it may have found no server.
  machine.once('exit', (code) => {
    if (code !== 0 && code !== null && machines.get(id) === machine) startMachine(id);
  });
}

async function end(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, 'exit');
}

const connect = (): Promise<Client> =>
  eventually('a machine that answers', async () => {
    const bus = await createNatsClient({ server: url, cluster: 'quorate', nodes: ids, secret: secret.client() });
    const client = createStoreClient(bus);
    await client.connected(60_000);
    return client;
  });

/** Writes until the store has acknowledged it: to write the same again does no harm. */
async function write(client: Client, number: number): Promise<void> {
  for (;;) {
    try {
      await client.put(`number/${number}`, new TextEncoder().encode(String(number)));
      return;
    } catch (error) {
      if (!(error instanceof UnavailableError) && !(error instanceof OutcomeUnknownError)) throw error;
    }
  }
}

let written = 0;
async function writeSome(client: Client): Promise<void> {
  for (const last = written + 100; written < last; written += 1) await write(client, written);
  console.log(`  ${written} numbers are written; ${leader} leads`);
}

try {
  if (values.server === undefined) startServer();
  for (const id of ids) startMachine(id);
  const client = await connect();
  console.log(`Three machines reach each other, and are reached, over ${url}`);
  await writeSome(client);

  const killed = leader ?? 'n1';
  await end(machines.get(killed), 'SIGKILL');
  console.log(`Killed ${killed}`);
  await writeSome(client);
  startMachine(killed);

  if (server !== undefined) {
    await end(server, 'SIGKILL');
    startServer();
    console.log('Killed the NATS server, and started it again');
    await writeSome(client);
  }

  let found = 0;
  for (let number = 0; number < written; number += 1) {
    if ((await client.get(`number/${number}`, { deadlineMs: 60_000 })) !== undefined) found += 1;
  }
  console.log(`${found} of ${written} numbers are there.`);
  if (found !== written) process.exitCode = 1;
  await client.close();
} finally {
  const running = [...machines.values()];
  machines.clear();
  await Promise.all(running.map((machine) => end(machine, 'SIGTERM')));
  await end(server, 'SIGKILL');
  rmSync(directory, { recursive: true, force: true });
}
