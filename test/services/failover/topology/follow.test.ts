import { createServer, type ServerResponse } from 'node:http';
import type { Subscription } from 'rxjs';
import { afterEach, describe, expect, test } from 'vitest';
import { type ManagerNewsError, ManagersNamedError } from '../../../../src/services/failover/topology/errors.ts';
import { commentEvent, eventOf } from '../../../../src/services/failover/topology/events.ts';
import { type FollowTopologyOptions, followTopology } from '../../../../src/services/failover/topology/follow.ts';
import { createVirtualClock } from '../../../../src/simulator/virtual-clock.ts';
import type { Topology } from '../../../../statecharts/failover/topology.ts';
import { until } from '../../../fixtures/until.ts';

const topologyOf = (revision: number, group = 'orders'): Topology => ({
  group,
  revision,
  mark: { epoch: 1, version: 1 },
  mode: 'durable',
  confirmations: 1,
  primary: { server: 'r1', host: '127.0.0.1', port: 6379 },
  inSync: ['r1', 'r2'],
  standbys: [{ server: 'r2', host: '127.0.0.1', port: 6380, lagBytes: null }],
});

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A manager by hand: it tells what a test says, to all that follow it. */
async function manager(port = 0) {
  const followers = new Set<ServerResponse>();
  let asked = 0;
  let status = 200;
  const server = createServer((request, response) => {
    asked += 1;
    expect(request.url).toBe('/topology?watch');
    response.writeHead(status, { 'content-type': 'text/event-stream' }).flushHeaders();
    if (status !== 200) {
      response.end();
      return;
    }
    followers.add(response);
    response.on('close', () => followers.delete(response));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port');
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  ends.push(stop);
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    stop,
    get asked() {
      return asked;
    },
    followed: () => until('a follower', () => followers.size > 0),
    left: () => until('the end of all connections', () => followers.size === 0),
    refuse(next: number) {
      status = next;
      for (const follower of followers) follower.destroy();
    },
    say(text: string | Uint8Array) {
      for (const follower of followers) follower.write(text);
    },
    tell(told: Topology) {
      this.say(eventOf(JSON.stringify(told)));
    },
  };
}

function follow(options: FollowTopologyOptions) {
  const revisions: number[] = [];
  const problems: ManagerNewsError[] = [];
  const subscription: Subscription = followTopology({
    retryMs: 1,
    ...options,
    report: (error) => problems.push(error),
  }).subscribe(({ revision }) => revisions.push(revision));
  ends.push(() => subscription.unsubscribe());
  return { revisions, codes: () => problems.map(({ code }) => code), problems, subscription };
}

describe('a follower of the topology', () => {
  test('hears what is later from any manager, and nothing twice or late', async () => {
    const [first, second] = [await manager(), await manager()];
    const { revisions } = follow({ managers: [first.url, second.url] });
    await Promise.all([first.followed(), second.followed()]);
    first.tell(topologyOf(3));
    await until('a topology', () => revisions.length === 1);
    second.tell(topologyOf(2));
    second.tell(topologyOf(3));
    second.tell(topologyOf(5));
    await until('a topology', () => revisions.length === 2);
    first.tell(topologyOf(4));
    first.tell(topologyOf(6));
    await until('a topology', () => revisions.includes(6));
    expect(revisions).toEqual([3, 5, 6]);
  });

  test('hears how far standbys are behind as it changes, and not from those who do not know it', async () => {
    const [inOffice, other] = [await manager(), await manager()];
    const lags: (number | null | undefined)[] = [];
    const subscription = followTopology({ managers: [inOffice.url, other.url] }).subscribe(({ standbys }) =>
      lags.push(standbys[0]?.lagBytes),
    );
    ends.push(() => subscription.unsubscribe());
    await Promise.all([inOffice.followed(), other.followed()]);
    const behind = (lagBytes: number): Topology => ({
      ...topologyOf(3),
      standbys: topologyOf(3).standbys.map((it) => ({ ...it, lagBytes })),
    });
    other.tell(topologyOf(3));
    await until('a topology', () => lags.length === 1);
    inOffice.tell(behind(7));
    await until('a lag', () => lags.length === 2);
    other.tell(topologyOf(3));
    inOffice.tell(behind(7));
    inOffice.tell(behind(9));
    await until('another lag', () => lags.includes(9));
    expect(lags).toEqual([null, 7, 9]);
  });

  test('hears what is known again, where it wants that, from each manager that stands and knows it', async () => {
    const [first, second] = [await manager(), await manager()];
    const { revisions } = follow({ managers: [first.url, second.url], repeats: true });
    await Promise.all([first.followed(), second.followed()]);
    second.tell(topologyOf(2));
    await until('a topology', () => revisions.length === 1);
    first.tell(topologyOf(3));
    await until('a topology', () => revisions.length === 2);
    second.say(commentEvent);
    first.say(commentEvent);
    await until('the same again', () => revisions.length === 3);
    expect(revisions).toEqual([2, 3, 3]);
  });

  test('goes on with the others when a manager dies, and comes back to it', async () => {
    const [first, second] = [await manager(), await manager()];
    const { revisions, codes } = follow({ managers: [first.url, second.url] });
    await Promise.all([first.followed(), second.followed()]);
    first.stop();
    await until('a problem', () => codes().length > 1);
    second.tell(topologyOf(1));
    await until('a topology', () => revisions.length === 1);
    const again = await manager(first.port);
    await again.followed();
    again.tell(topologyOf(2));
    await until('a topology', () => revisions.length === 2);
    expect(new Set(codes())).toEqual(new Set(['MANAGER_UNREACHABLE']));
  });

  test('takes an event that comes in pieces, between comments', async () => {
    const one = await manager();
    const { revisions } = follow({ managers: [one.url] });
    await one.followed();
    const text = commentEvent + eventOf(JSON.stringify({ ...topologyOf(1), group: 'bücher' })) + commentEvent;
    for (const byte of new TextEncoder().encode(text)) one.say(Uint8Array.of(byte));
    await until('a topology', () => revisions.length === 1);
  });

  test.each([
    ['what is no JSON', () => eventOf('{'), 'TOPOLOGY_MALFORMED', 'expected a topology'],
    ['what is no topology', () => eventOf('{"group": 1}'), 'TOPOLOGY_MALFORMED', 'a wrong group'],
    ['another group', () => eventOf(JSON.stringify(topologyOf(9, 'bills'))), 'OTHER_GROUP', "one of 'bills'"],
    ['an event without end', () => 'x'.repeat(300_000), 'TOPOLOGY_MALFORMED', 'at most 262144'],
  ])('names %s, and asks again', async (_what, nonsense, code, words) => {
    const one = await manager();
    const { revisions, problems } = follow({ managers: [one.url], group: 'orders' });
    await one.followed();
    one.say(nonsense());
    await until('a problem', () => problems.length > 0);
    expect(problems[0]).toMatchObject({ code, manager: one.url, message: expect.stringContaining(words) });
    await until('another request', () => one.asked > 1);
    await one.followed();
    one.tell(topologyOf(1));
    await until('a topology', () => revisions.length === 1);
  });

  test.each([
    [401, 'quorate secret http'],
    [503, 'it answers 503'],
  ])('says of a refusal with %i what to do', async (status, words) => {
    const one = await manager();
    one.refuse(status);
    const { problems } = follow({ managers: [one.url] });
    await until('a problem', () => problems.length > 0);
    expect(problems[0]).toMatchObject({ code: 'MANAGER_REFUSES', message: expect.stringContaining(words) });
  });

  test('gives up a connection on which nothing comes any more, but not one that only comments', async () => {
    const clock = createVirtualClock();
    const one = await manager();
    const { revisions, codes } = follow({ managers: [one.url], silenceMs: 1_000, clock });
    await one.followed();
    one.tell(topologyOf(1));
    await until('a topology', () => revisions.length === 1);
    clock.advance(999);
    one.say(commentEvent);
    one.tell(topologyOf(2));
    await until('a topology', () => revisions.length === 2);
    clock.advance(999);
    expect(codes()).toEqual([]);
    clock.advance(1);
    await until('a problem', () => codes().length > 0);
    expect(codes()).toEqual(['MANAGER_SILENT']);
  });

  test('lets go of all connections as it is no longer subscribed to', async () => {
    const one = await manager();
    const { subscription, codes } = follow({ managers: [one.url] });
    await one.followed();
    subscription.unsubscribe();
    await one.left();
    expect(codes()).toEqual([]);
  });

  test.each([
    [[], 'got none'],
    [['127.0.0.1:7201'], "got '127.0.0.1:7201'"],
    [['http://a:1', 'http://a:1/'], 'each once'],
    [Array.from({ length: 17 }, (_, index) => `http://a:${index + 1}`), '1 to 16'],
  ])('refuses managers that cannot be asked: %j', (managers, words) => {
    expect(() => followTopology({ managers })).toThrow(ManagersNamedError);
    expect(() => followTopology({ managers })).toThrow(words);
  });
});
