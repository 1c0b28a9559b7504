import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { logProtocolIn } from '../../src/cli/options.ts';
import { createHosts, type Host, type Hosts } from '../fixtures/hosts.ts';
import { type ClusterNode, startClusterAt } from '../fixtures/processes.ts';
import { until } from '../fixtures/until.ts';
import { countUnder, type Station, startStation } from './datagrams.ts';
import { disturb, kindsOf, type NetworkCounts } from './network.ts';
import { clock, seconds, torture } from './rounds.ts';
import { overNats, overTcp, overTls, type Transport } from './transports.ts';

const protocol = logProtocolIn(process.env.TORTURE_PROTOCOL ?? 'raft');
const nodeCount = 5;
/** A slow network and a busy machine are no fault of the store's. */
const writes = 100;

const transports: readonly Transport[] = [overTcp, overTls, overNats];
const wanted = process.env.TORTURE_TRANSPORT;
const named = transports.filter(({ name }) => wanted === undefined || name === wanted);
if (named.length === 0) {
  throw new Error(`expected ${transports.map(({ name }) => name).join(', ')} as the transport, got ${wanted}`);
}

describe('between hosts of network namespaces', () => {
  let net: Hosts;
  let one: Station;
  let other: Station;
  beforeAll(async () => {
    net = await createHosts(2);
    const [first, second] = await Promise.all(net.hosts.map(startStation));
    if (first === undefined || second === undefined) throw new Error('expected two hosts');
    [one, other] = [first, second];
  });
  afterAll(async () => {
    one.close();
    other.close();
    await net.close();
  });
  const there = () => ({ from: one.host, to: other.host });

  test('a cut is of one direction', async () => {
    const cut = () => net.cut([there()]);
    expect(await countUnder(cut, one, other, 100)).toBe(0);
    expect(await countUnder(cut, other, one, 100)).toBe(100);
  });

  test('a host that loses half loses about half', async () => {
    const lost = await countUnder(() => net.lose(other.host, 50), one, other, 200);
    expect(lost).toBeGreaterThan(50);
    expect(lost).toBeLessThan(150);
    expect(await countUnder(() => net.lose(one.host, 50), one, other, 100)).toBe(100);
  });

  test('a host with little bandwidth sends what goes at once, and not much more', async () => {
    const arrived = await countUnder(() => net.limit(one.host, 8), one, other, 200);
    expect(arrived).toBeGreaterThan(10);
    expect(arrived).toBeLessThan(150);
    expect(await countUnder(() => net.limit(other.host, 8), one, other, 100)).toBe(100);
  });

  test('what is delayed comes that much later, and all of it', async () => {
    const late = (): number => other.received.filter((text) => text === 'late').length;
    const heal = await net.delay([there()], 400);
    const sentMs = performance.now();
    // As many as the queues on the detour hold in any case.
    await one.send(other, 'late', 30);
    await until('the first datagram', () => late() > 0);
    expect(performance.now() - sentMs).toBeGreaterThanOrEqual(400);
    await until('all datagrams', () => late() === 30);
    await heal();
    expect(await countUnder(async () => async () => {}, one, other, 100)).toBe(100);
  });
});

test.each(named)(
  `five hosts that reach each other over $name lose nothing, whatever the network and processes go through for ${seconds} s`,
  async ({ name, furtherHosts, prepare }) => {
    const net = await createHosts(nodeCount + furtherHosts);
    onTestFinished(() => net.close());
    const hosts = net.hosts.slice(0, nodeCount);
    const { links, faults, close, ...reach } = await prepare(hosts, net.hosts.slice(nodeCount));
    onTestFinished(() => close());
    const places = hosts.map(({ address, prefix }, index) => ({
      id: `n${index + 1}`,
      http: `${address}:4701`,
      tcp: `${address}:4801`,
      prefix,
    }));
    const cluster = startClusterAt(places, { replication: { protocol }, ...reach });
    onTestFinished(() => cluster.close());
    const counts: NetworkCounts = new Map();
    const favourite = async (): Promise<Host | undefined> => hosts[await leaderOf(cluster.nodes)];
    const network = { net, links, faults, favourite, clock };
    await torture({
      cluster,
      what: `${protocol} over ${name}`,
      writes,
      disturb: (parts, isOver) => disturb(network, parts, isOver, counts),
      missing: () => kindsOf(network).filter((kind) => !counts.has(kind)),
    });
    console.log(`torture: faults of the network ${JSON.stringify(Object.fromEntries(counts))}`);
  },
);

/** Where the leader is among the nodes, as one of them knows; -1 where none says. */
async function leaderOf(nodes: readonly ClusterNode[]): Promise<number> {
  const statuses = await Promise.all(nodes.map((node) => node.status().catch(() => undefined)));
  const leader = statuses.find((it) => it !== undefined && it.leader !== null)?.leader;
  return nodes.findIndex(({ id }) => id === leader);
}
