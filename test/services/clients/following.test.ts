import { Subject } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NoPrimaryError, OutcomeUnknownError } from '../../../src/services/clients/errors.ts';
import { followPrimary, type Opened, type Place } from '../../../src/services/clients/following.ts';
import { followRedis } from '../../../src/services/clients/ioredis.ts';
import type { Topology } from '../../../statecharts/failover.ts';
import { hasRedis, startRedis } from '../../fixtures/redis.ts';
import { until } from '../../fixtures/until.ts';
import { standing } from '../proxy/lab.ts';

const r1: Place = { server: 'r1', host: '127.0.0.1', port: 1 };
const r2: Place = { server: 'r2', host: '127.0.0.1', port: 2 };

/** A client of primaries that are not there: it is called by the primary's name. */
function lab(waitMs = 60_000) {
  const topology = new Subject<Topology>();
  const opened: { readonly place: Place; readonly lose: () => void; closed: boolean }[] = [];
  let isReachable = true;
  const following = followPrimary({ topology, waitMs }, async (place): Promise<Opened<string>> => {
    if (!isReachable) throw new Error('refused');
    let lose = (): void => {};
    const lost = new Promise<void>((resolve) => {
      lose = resolve;
    });
    const one = { place, lose, closed: false };
    opened.push(one);
    return {
      client: place.server,
      lost,
      close() {
        one.closed = true;
      },
    };
  });
  onTestFinished(() => following.close());
  return {
    following,
    opened,
    hear: (next: Topology) => topology.next(next),
    reachable(is: boolean) {
      isReachable = is;
    },
  };
}

const never = () => new Promise<never>(() => {});

describe('a client that follows the primary', () => {
  test('waits for the first primary, and works there', async () => {
    const { following, hear } = lab();
    const worked = following.run(async (client) => client);
    hear(standing(1, { primary: r1 }));
    expect(await worked).toBe('r1');
    expect(following.primary()).toEqual(r1);
  });

  test.each([
    ['another server is primary', { primary: r2, mark: { epoch: 2, version: 1 } }],
    ['it is primary of another epoch', { primary: r1, mark: { epoch: 2, version: 1 } }],
    ['there is none any more', { primary: null }],
  ])('ends what is under way, without waiting for the server, when %s', async (_when, change) => {
    const { following, hear, opened } = lab();
    hear(standing(1, { primary: r1 }));
    const worked = following.run(never);
    await until('a connection', () => opened.length === 1);
    hear(standing(2, change));
    await expect(worked).rejects.toThrow(OutcomeUnknownError);
    expect(opened[0]?.closed).toBe(true);
  });

  test('says that the outcome is unknown also where its driver throws first', async () => {
    const { following, hear } = lab();
    hear(standing(1, { primary: r1 }));
    const worked = following.run(async () => {
      hear(standing(2, { primary: r2 }));
      throw new Error('Connection is closed.');
    });
    await expect(worked).rejects.toThrow(OutcomeUnknownError);
    expect(await following.run(async (client) => client)).toBe('r2');
  });

  test('hands on what the work throws while the primary stays', async () => {
    const { following, hear } = lab();
    hear(standing(1, { primary: r1 }));
    await expect(following.run(() => Promise.reject(new Error('WRONGTYPE')))).rejects.toThrow('WRONGTYPE');
  });

  test('connects again when its connection was lost, and what was under way may have happened', async () => {
    const { following, hear, opened } = lab();
    hear(standing(1, { primary: r1 }));
    const worked = following.run(never);
    await until('a connection', () => opened.length === 1);
    opened[0]?.lose();
    await expect(worked).rejects.toThrow('the connection was lost');
    expect(await following.run(async (client) => client)).toBe('r1');
    expect(opened).toHaveLength(2);
  });

  test('tries again while the primary cannot be reached, and gives up waiting in time', async () => {
    const { following, hear, reachable } = lab(50);
    reachable(false);
    hear(standing(1, { primary: r1 }));
    await expect(following.run(never)).rejects.toThrow(NoPrimaryError);
    reachable(true);
    await until('the primary to be reached', () => following.primary() !== undefined);
    expect(following.primary()).toEqual(r1);
  });

  test('goes nowhere for earlier news, and stays for another in-sync set', async () => {
    const { following, hear, opened } = lab();
    hear(standing(3, { primary: r1 }));
    expect(await following.run(async (client) => client)).toBe('r1');
    hear(standing(2, { primary: r2 }));
    hear(standing(4, { primary: r1, mark: { epoch: 1, version: 2 }, inSync: ['r2'] }));
    expect(await following.run(async (client) => client)).toBe('r1');
    expect(opened).toHaveLength(1);
  });
});

describe.skipIf(!hasRedis && process.env.CI === undefined)('ioredis that follows the primary', () => {
  test('does not hang on a primary that is paused, and goes on at the next one', async () => {
    const [first, second] = [await startRedis(), await startRedis()];
    for (const server of [first, second]) {
      onTestFinished(() => server.remove());
      await server.client.call('REPLICAOF', 'NO', 'ONE');
    }
    const topology = new Subject<Topology>();
    const following = followRedis({ topology });
    onTestFinished(() => following.close());
    topology.next(standing(1, { primary: { ...r1, port: first.port } }));
    expect(await following.run((redis) => redis.set('a', '1'))).toBe('OK');
    first.pause();
    const underWay = following.run((redis) => redis.get('a'));
    const heard = expect(underWay).rejects.toThrow(OutcomeUnknownError);
    topology.next(standing(2, { primary: { ...r2, port: second.port }, mark: { epoch: 2, version: 1 } }));
    await heard;
    expect(await following.run((redis) => redis.get('a'))).toBeNull();
    first.resume();
  });

  test('refuses a durable group, whose promise it could not keep', async () => {
    const topology = new Subject<Topology>();
    const following = followRedis({ topology });
    onTestFinished(() => following.close());
    topology.next(standing(1, { primary: r1, mode: 'durable' }));
    await expect(following.run(never)).rejects.toThrow(expect.objectContaining({ code: 'DURABLE_NEEDS_PROXY' }));
  });
});
