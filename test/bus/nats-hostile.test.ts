/** What strangers, and copies of what was said, can do over a NATS server that both may publish to. */

import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { subjectOf } from '../../src/bus/nats/subjects.ts';
import { createNatsBus, createNatsClient, type NatsBus, type NatsBusOptions } from '../../src/bus/nats.ts';
import { createClusterSecret } from '../../src/bus/tcp.ts';
import { hasNats, startNats, type TestNats } from '../fixtures/nats.ts';
import { testSecret } from '../fixtures/secret.ts';
import { numbered, record } from './conformance.ts';
import { startNatsCluster } from './nats-cluster.ts';
import { isConnected, timing, until } from './tcp-cluster.ts';

describe.skipIf(!hasNats)('over NATS', () => {
  let server: TestNats;
  let stranger: NatsConnection;
  const opened: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    server = await startNats();
    stranger = await connect({ servers: server.url.replace('nats://', '') });
  });
  afterEach(async () => {
    for (const it of opened.splice(0)) await it.close();
  });
  afterAll(async () => {
    await stranger.close();
    await server.kill();
  });

  const startBus = async (options: Partial<NatsBusOptions> & { node: string; cluster: string }): Promise<NatsBus> => {
    const bus = await createNatsBus({ server: server.url, secret: testSecret, timing, ...options });
    opened.push(bus);
    return bus;
  };
  const startPair = async (options: Partial<NatsBusOptions> = {}) => {
    // However long this process, in which all ends are, takes for what comes before a ping.
    const patient = { ...timing, silenceTimeoutMs: 600_000 };
    const cluster = await startNatsCluster(server.url, ['n1', 'n2'], { timing: patient, ...options });
    opened.push(cluster);
    const bus = cluster.bus('n2');
    const counts = new Map<string, number>();
    bus.notices.subscribe(({ error, count }) => counts.set(error.code, (counts.get(error.code) ?? 0) + count));
    return { ...cluster, counts, receiver: record(bus), subject: subjectOf(cluster.name, 'n2') };
  };
  /** All that was published to a node from now on. */
  const listenAt = async (subject: string): Promise<Uint8Array[]> => {
    const heard: Uint8Array[] = [];
    stranger.subscribe(subject, { callback: (_, { data }) => void heard.push(Uint8Array.from(data)) });
    await stranger.flush();
    return heard;
  };

  test('what was recorded and is published again reaches no actor, is counted, and harms no session', async () => {
    const { bus, counts, receiver, subject } = await startPair();
    const heard = await listenAt(subject);
    for (const number of [1, 2, 3]) {
      bus('n1').send(numbered('n1', 'n2', number));
      await until(() => receiver.envelopes.length === number);
    }
    const recorded = [...heard];
    expect(recorded.length).toBeGreaterThanOrEqual(3);
    for (const bytes of recorded) stranger.publish(subject, bytes);
    await until(() => (counts.get('REPLAYED_MESSAGE') ?? 0) >= recorded.length);
    bus('n1').send(numbered('n1', 'n2', 4));
    await until(() => receiver.envelopes.length === 4);
    expect(receiver.numbersFrom('n1')).toEqual([1, 2, 3, 4]);
    expect(receiver.present('n1')).toBe('connected');
  });

  test('a message with one bit changed reaches no actor, is counted, and harms no session', async () => {
    const { bus, counts, receiver, subject } = await startPair();
    const heard = await listenAt(subject);
    bus('n1').send(numbered('n1', 'n2', 1));
    await until(() => receiver.envelopes.length === 1 && heard.length > 0);
    const [original = new Uint8Array()] = heard;
    // From the number in its channel on: before it is the name of the channel, without which it has none.
    for (let at = 18; at < original.length; at += 1) {
      stranger.publish(
        subject,
        original.map((byte, index) => (index === at ? byte ^ 1 : byte)),
      );
    }
    await until(() => (counts.get('FORGED_MESSAGE') ?? 0) >= original.length - 18);
    bus('n1').send(numbered('n1', 'n2', 2));
    await until(() => receiver.envelopes.length === 2);
    expect(receiver.numbersFrom('n1')).toEqual([1, 2]);
  });

  test('what is no message at all is counted, however much of it comes, and members are heard meanwhile', async () => {
    const { bus, counts, receiver, subject } = await startPair();
    const flood = 20_000;
    for (let number = 0; number < flood; number += 1) {
      stranger.publish(subject, new Uint8Array(number % 100));
      if (number % 1_000 > 0) continue;
      bus('n1').send(numbered('n1', 'n2', number));
      // NATS leaves out what a reader is too slow for.
      await until(() => counts.get('MALFORMED_FRAME') === number + 1);
    }
    await until(() => counts.get('MALFORMED_FRAME') === flood && receiver.envelopes.length === 20);
    expect(receiver.numbersFrom('n1')).toEqual(Array.from({ length: 20 }, (_, index) => index * 1_000));
  });

  test('a recorded call, published again after its channel is over, opens none', async () => {
    const { name, bus, counts, subject } = await startPair();
    const heard = await listenAt(subject);
    const n3 = await startBus({ node: 'n3', cluster: name, peers: ['n2'] });
    bus('n2').setPeers(['n1', 'n3']);
    await until(() => isConnected(n3, ['n2']) && isConnected(bus('n2'), ['n3']));
    const recorded = [...heard];
    await n3.close();
    await until(() => !isConnected(bus('n2'), ['n3']));
    const before = counts.get('REPLAYED_MESSAGE') ?? 0;
    for (const bytes of recorded.filter((it) => it[1] === 0)) stranger.publish(subject, bytes);
    await until(() => (counts.get('REPLAYED_MESSAGE') ?? 0) > before);
    expect(isConnected(bus('n2'), ['n3'])).toBe(false);
  });

  test('a node with another secret is counted and gets no session', async () => {
    const { name, counts, bus } = await startPair();
    const other = await startBus({ node: 'n3', cluster: name, peers: ['n2'], secret: createClusterSecret() });
    bus('n2').setPeers(['n1', 'n3']);
    await until(() => (counts.get('FORGED_MESSAGE') ?? 0) > 0);
    expect(isConnected(other, ['n2'])).toBe(false);
    expect(isConnected(bus('n2'), ['n3'])).toBe(false);
  });

  test('a cluster of another name on the same server is not met', async () => {
    const [one, other] = [await startPair(), await startPair()];
    one.bus('n1').send(numbered('n1', 'n2', 1));
    other.bus('n1').send(numbered('n1', 'n2', 2));
    await until(() => one.receiver.envelopes.length === 1 && other.receiver.envelopes.length === 1);
    expect(one.receiver.numbersFrom('n1')).toEqual([1]);
    expect(other.receiver.numbersFrom('n1')).toEqual([2]);
  });

  test('who holds the secret of clients is a client, whatever it sends', async () => {
    const { name, receiver } = await startPair();
    const client = await createNatsClient({
      server: server.url,
      cluster: name,
      nodes: ['n2'],
      secret: testSecret.client(),
      timing,
    });
    opened.push(client);
    await until(() => isConnected(client, ['n2']));
    client.send(numbered(client.node, 'n2', 1));
    await until(() => receiver.envelopes.length === 1);
    expect(receiver.envelopes[0]?.origin).toBe('client');
  });

  test('names of clusters never run into those of nodes, nor into wildcards', () => {
    const names = ['a', 'a.b', 'a*', '>', ' ', 'ä', '%2E', ''];
    const subjects = names.flatMap((cluster) => names.map((node) => subjectOf(cluster, node)));
    expect(new Set(subjects).size).toBe(names.length ** 2);
    for (const subject of subjects) expect(subject).toMatch(/^quorate\.[^.*>\s]+\.[^.*>\s]+$/);
  });
});

describe.skipIf(!hasNats)('with a NATS server of its own, a cluster', () => {
  const opened: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const it of opened.splice(0)) await it.close();
  });
  const start = async (options: readonly string[] = []) => {
    const server = await startNats(options);
    opened.push({ close: () => server.kill() });
    return server;
  };

  test('that loses it tells so, and connects again when it is back', async () => {
    const server = await start();
    const cluster = await startNatsCluster(server.url, ['n1', 'n2']);
    opened.unshift(cluster);
    const [sender, receiver] = [record(cluster.bus('n1')), record(cluster.bus('n2'))];
    await server.kill();
    await until(() => sender.present('n2') === 'disconnected' && receiver.present('n1') === 'disconnected');
    cluster.bus('n1').send(numbered('n1', 'n2', 1));
    await until(() => sender.lost('n2', 'disconnected') > 0);
    await server.start();
    await until(() => sender.present('n2') === 'connected' && receiver.present('n1') === 'connected');
    cluster.bus('n1').send(numbered('n1', 'n2', 2));
    await until(() => receiver.envelopes.length > 0);
    expect(receiver.numbersFrom('n1')).toEqual([2]);
  });

  test('that hears nothing of it takes it as lost, as where its machine is gone', async () => {
    const server = await start();
    const cluster = await startNatsCluster(server.url, ['n1', 'n2'], {
      timing: { ...timing, silenceTimeoutMs: 600_000 },
    });
    opened.unshift(cluster);
    const sender = record(cluster.bus('n1'));
    server.pause();
    await until(() => sender.present('n2') === 'disconnected');
    server.resume();
    await until(() => sender.present('n2') === 'connected');
  });

  test('sends envelopes larger than what the server takes, in parts, and many windows of them', async () => {
    const { url } = await start();
    const cluster = await startNatsCluster(url, ['n1', 'n2']);
    opened.unshift(cluster);
    const receiver = record(cluster.bus('n2'));
    const bytes = Uint8Array.from({ length: 5_000_000 }, (_, index) => index % 251);
    cluster.bus('n1').send({ from: 'n1/a/', to: 'n2/b/', message: Object.assign({ type: 'large' }, { bytes }) });
    await until(() => receiver.envelopes.length === 1);
    const [{ message } = { message: {} }] = receiver.envelopes;
    // Far quicker than the runner's own comparison of arrays.
    expect('bytes' in message && message.bytes instanceof Uint8Array && Buffer.from(bytes).equals(message.bytes)).toBe(
      true,
    );
  });

  test('is told by name where there is no server, and by what address', async () => {
    const server = await start();
    await server.kill();
    const starting = createNatsBus({ server: server.url, node: 'n1', cluster: 'test', secret: testSecret });
    await expect(starting).rejects.toMatchObject({ code: 'CONNECTION', message: expect.stringContaining('127.0.0.1') });
  });
});
