/**
 * What the bus costs: envelopes per second and per microsecond of one thread, in memory and over TCP on loopback, and
 * how long a lone envelope takes there and back. Prints a table. Over TCP the receiver is another process, whose CPU
 * time is not counted as the sender's.
 */

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Bus, Envelope } from '../src/bus/bus.ts';
import { createMemoryNetwork } from '../src/bus/memory.ts';
import { clusterSecretOf, createTcpBus, type HostPort } from '../src/bus/tcp.ts';
import { createVirtualClock } from '../src/simulator/virtual-clock.ts';

const durationMs = 2_000;
const secret = clusterSecretOf('the secret of a benchmark that runs on loopback');
const small = { type: 'append', term: 7, previous: { index: 123_456, term: 7 }, commit: 123_450, round: 42 };

interface Row {
  readonly transport: string;
  readonly payload: string;
  readonly batch: number;
  readonly perSecond: number;
  readonly 'sender CPU µs each'?: string;
}

const withBytes = (sizeBytes: number) => ({ ...small, entries: [{ term: 7, command: new Uint8Array(sizeBytes) }] });
const payloads: readonly (readonly [name: string, message: Envelope['message']])[] = [
  ['small', small],
  ['256 bytes', withBytes(256)],
  ['16 KiB', withBytes(16_384)],
];

function benchMemory(batch: number): Row {
  const clock = createVirtualClock();
  const network = createMemoryNetwork({ clock });
  const sender = network.join('n1');
  const receiver = network.join('n2');
  let received = 0;
  receiver.envelopes().subscribe(() => {
    received += 1;
  });
  while (clock.runNext());
  const envelope: Envelope = { from: 'n1/sender/', to: 'n2/receiver/', message: small };
  const startMs = performance.now();
  while (performance.now() - startMs < durationMs) {
    for (let round = 0; round < 100; round += 1) {
      for (let index = 0; index < batch; index += 1) sender.send(envelope);
      while (clock.runNext());
    }
  }
  const seconds = (performance.now() - startMs) / 1_000;
  return { transport: 'memory', payload: 'small', batch, perSecond: Math.round(received / seconds) };
}

/** Sends `batch` envelopes and waits until the receiver says that the last one came, again and again. */
async function benchTcp(bus: Bus, payload: string, message: Envelope['message'], batch: number): Promise<Row> {
  const envelope: Envelope = { from: 'n1/sender/', to: 'n2/receiver/', message };
  const last: Envelope = { ...envelope, to: 'n2/answerer/' };
  let sent = 0;
  const run = (forMs: number): Promise<void> =>
    new Promise((resolve) => {
      const endMs = performance.now() + forMs;
      const burst = (): void => {
        for (let index = 1; index < batch; index += 1) bus.send(envelope);
        bus.send(last);
        sent += batch;
      };
      const answers = bus.envelopes('n1/sender/').subscribe(() => {
        if (performance.now() < endMs) {
          burst();
          return;
        }
        answers.unsubscribe();
        resolve();
      });
      // Two bursts are under way, so that both processes are busy.
      burst();
      if (batch > 1) burst();
    });
  await run(durationMs / 4);
  sent = 0;
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  await run(durationMs);
  const seconds = (performance.now() - startMs) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    transport: 'TCP',
    payload,
    batch,
    perSecond: Math.round(sent / seconds),
    'sender CPU µs each': ((user + system) / sent).toFixed(2),
  };
}

async function latency(bus: Bus): Promise<string> {
  const times: number[] = [];
  for (let index = 0; index < 5_000; index += 1) {
    const startMs = performance.now();
    await new Promise<void>((resolve) => {
      const answer = bus.envelopes('n1/sender/').subscribe(() => {
        answer.unsubscribe();
        resolve();
      });
      bus.send({ from: 'n1/sender/', to: 'n2/answerer/', message: small });
    });
    times.push((performance.now() - startMs) * 1_000);
  }
  times.sort((a, b) => a - b);
  const at = (share: number): string => `${times[Math.floor(times.length * share)]?.toFixed(0)} µs`;
  return `there and back, one at a time: p50 ${at(0.5)}, p99 ${at(0.99)}`;
}

function connected(bus: Bus): Promise<void> {
  return new Promise((resolve) => {
    bus.peers.subscribe(({ status }) => status === 'connected' && resolve());
  });
}

/** The other process: takes everything in, and answers what is sent to its answerer. */
async function receive(sender: HostPort): Promise<void> {
  const bus = await createTcpBus({ node: 'n2', cluster: 'bench', secret, peers: { n1: sender } });
  bus.envelopes().subscribe(({ to }) => {
    if (to === 'n2/answerer/') bus.send({ from: 'n2/answerer/', to: 'n1/sender/', message: { type: 'got' } });
  });
  process.send?.(bus.address());
  await connected(bus);
  process.send?.('connected');
  process.once('disconnect', () => void bus.close());
}

async function main(): Promise<void> {
  const rows: Row[] = [1, 64, 1_024].map(benchMemory);
  const bus = await createTcpBus({ node: 'n1', cluster: 'bench', secret });
  const receiver = fork(fileURLToPath(import.meta.url), ['receive', JSON.stringify(bus.address())]);
  const address = await new Promise<HostPort>((resolve) =>
    receiver.once('message', (message) => resolve(addressOf(message))),
  );
  bus.setPeers({ n2: address });
  let dropped = 0;
  bus.losses.subscribe(({ count }) => {
    dropped += count;
  });
  // Each node sends over the connection that it dialled itself.
  await Promise.all([connected(bus), new Promise((resolve) => receiver.once('message', resolve))]);
  for (const [name, message] of payloads) {
    for (const batch of name === '16 KiB' ? [1, 64] : [1, 64, 1_024]) {
      rows.push(await benchTcp(bus, name, message, batch));
    }
  }
  const roundTrip = await latency(bus);
  console.table(rows);
  console.log(roundTrip);
  console.log(`envelopes lost: ${dropped}`);
  await bus.close();
  receiver.disconnect();
}

function addressOf(value: unknown): HostPort {
  if (typeof value === 'object' && value !== null && 'host' in value && 'port' in value) {
    const { host, port } = value;
    if (typeof host === 'string' && typeof port === 'number') return { host, port };
  }
  throw new Error('expected an address');
}

const [, , role, sender = ''] = process.argv;
await (role === 'receive' ? receive(addressOf(JSON.parse(sender))) : main());
