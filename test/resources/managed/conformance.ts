/**
 * The suite that every form of a managed server passes. It steers a group of three as managers do: it claims, fences,
 * promotes and lets the others follow, while clients write and servers crash.
 */

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ServerRefusedError } from '../../../src/resources/managed/errors.ts';
import type { ManagedServer } from '../../../src/resources/managed/server.ts';
import type { ServerOperation, ServerStatus } from '../../../statecharts/failover/servers.ts';
import { until } from '../../fixtures/until.ts';

/** What the suite must be able to do to the group under test. */
export interface GroupUnderTest {
  /** Three; they run, and follow none. */
  readonly servers: readonly [string, string, string];
  /** A server as this manager reaches it. The suite closes what it reached. */
  reach(server: string, manager: string): ManagedServer;
  /** A client's write; whether the server took it. */
  write(server: string, value: string): Promise<boolean>;
  /** Whether the server holds a value that a client wrote. */
  holds(server: string, value: string): Promise<boolean>;
  /** SIGSTOP and SIGCONT. */
  pause(server: string): Promise<void>;
  resume(server: string): Promise<void>;
  /** SIGKILL. */
  crash(server: string): Promise<void>;
  /** Starts it as its supervisor would, on the same data. */
  restart(server: string): Promise<void>;
  close(): Promise<void>;
}

export interface Conformance {
  /** Whether a restarted server is the same incarnation. */
  readonly isDurable: boolean;
  /** What a primary is once it has crashed and was restarted. */
  readonly comesBackAs: 'fenced' | 'primary';
}

/** What an operation may take, on a machine that is busy with other things. */
const timeoutMs = 60_000;

type Undated = ServerOperation extends infer One ? (One extends { term: number } ? Omit<One, 'term'> : One) : never;

export function conformsAsManagedServer(
  name: string,
  start: () => Promise<GroupUnderTest>,
  { isDurable, comesBackAs }: Conformance,
): void {
  describe(`${name} as a managed server`, () => {
    let group: GroupUnderTest;
    let [first, second, third] = ['', '', ''];
    let term = 0;
    let epoch = 0;
    let values = 0;
    let reached: ManagedServer[] = [];
    const reach = (server: string, manager = 'm1'): ManagedServer => {
      const it = group.reach(server, manager);
      reached.push(it);
      return it;
    };
    const value = (): string => {
      values += 1;
      return `value-${values}`;
    };
    /** The operation, under the latest term. */
    const operate = (at: ManagedServer, operation: Undated): Promise<ServerStatus> =>
      at.operate({ ...operation, term } as ServerOperation, timeoutMs);
    const look = (at: ManagedServer): Promise<ServerStatus> => at.operate({ type: 'look' }, timeoutMs);
    const claimed = async (server: string, manager?: string): Promise<ManagedServer> => {
      const it = reach(server, manager);
      await operate(it, { type: 'claim' });
      return it;
    };
    const promote = (at: ManagedServer, inSync: readonly string[] = []): Promise<ServerStatus> =>
      operate(at, { type: 'promote', epoch, version: 1, inSync, confirmations: 0 });
    const follow = (at: ManagedServer, primary: string): Promise<ServerStatus> =>
      operate(at, { type: 'follow', epoch, primary });
    const fence = (at: ManagedServer): Promise<ServerStatus> => operate(at, { type: 'fence', epoch });
    const linked = (at: ManagedServer, primary: string): Promise<ServerStatus> =>
      until(`a standby of '${primary}' to be linked`, async () => {
        const status = await look(at);
        return status.isLinked && status.follows === primary ? status : undefined;
      });
    const held = (server: string, what: string): Promise<boolean> =>
      until(`'${server}' to hold ${what}`, async () => (await group.holds(server, what)) || undefined);
    const refusal = (code: 'CLAIM_LOST' | 'NOT_POSSIBLE') =>
      expect.objectContaining({ name: 'ServerRefusedError', code });

    /** Refused for its claim; the first attempt may find that its connection is gone, and no more than that. */
    const refusedForItsClaim = (attempt: () => Promise<ServerStatus>): Promise<boolean> =>
      until('an operation to be refused for its claim', async () => {
        const error: unknown = await attempt().then(
          (status) => status,
          (thrown: unknown) => thrown,
        );
        expect(error).toBeInstanceOf(Error);
        return error instanceof ServerRefusedError && error.code === 'CLAIM_LOST';
      });

    /** A new term and epoch: the first is primary, the others follow it. */
    const standing = async (): Promise<readonly [ManagedServer, ManagedServer, ManagedServer]> => {
      term += 1;
      epoch += 1;
      const primary = await claimed(first);
      const standbys = [await claimed(second), await claimed(third)] as const;
      for (const at of [primary, ...standbys]) await fence(at);
      await promote(primary);
      for (const at of standbys) await follow(at, first);
      for (const at of standbys) await linked(at, first);
      return [primary, ...standbys];
    };

    beforeAll(async () => {
      group = await start();
      [first, second, third] = group.servers;
    });
    afterEach(async () => {
      for (const it of reached) await it.close();
      reached = [];
    });
    afterAll(() => group?.close());

    test('a primary takes writes, its standbys take them from it, and each says where it stands', async () => {
      const [primary, standby] = await standing();
      const written = value();
      expect(await group.write(first, written)).toBe(true);
      await held(second, written);
      await held(third, written);

      // A primary may write something of its own at any time.
      const [led, followed] = await until('both to have confirmed, and to be where it is', async () => {
        const both = [await look(primary), await look(standby)] as const;
        const [{ confirmed, position }, { position: reached }] = both;
        const all = [confirmed[second], confirmed[third], reached.offset];
        return all.every((offset) => offset === position.offset) ? both : undefined;
      });

      expect(led).toMatchObject({ role: 'primary', follows: null, mark: { epoch, version: 1 } });
      expect(followed).toMatchObject({ role: 'standby', follows: first, isLinked: true, mark: { epoch, version: 1 } });
      expect(followed.position).toEqual(led.position);
      expect(followed.confirmed).toEqual({});
      expect(followed.gaveUp).toBeUndefined();
    });

    test('a standby takes no writes', async () => {
      await standing();
      expect(await group.write(second, value())).toBe(false);
    });

    test('a fenced standby keeps its position, and takes nothing more from its primary', async () => {
      const [primary, standby] = await standing();
      await group.write(first, value());
      const { position } = await look(primary);
      await until('the standby to hold all', async () => (await look(standby)).position.offset >= position.offset);

      const fenced = await fence(standby);
      const later = value();
      await group.write(first, later);
      await held(third, later);

      expect(fenced).toMatchObject({ role: 'fenced', follows: null, isLinked: false });
      expect(fenced.position.history).toBe(position.history);
      expect(fenced.position.offset).toBeGreaterThanOrEqual(position.offset);
      expect((await look(standby)).position).toEqual(fenced.position);
      expect(await group.holds(second, later)).toBe(false);
      expect(await group.write(second, value())).toBe(false);
      await until('the primary to miss it', async () => !(second in (await look(primary)).confirmed));
    });

    test('a fenced primary takes no more writes, and keeps its position', async () => {
      const [primary] = await standing();
      await group.write(first, value());
      const { position } = await look(primary);

      const fenced = await fence(primary);
      expect(fenced).toMatchObject({ role: 'fenced', position: { history: position.history } });
      expect(fenced.position.offset).toBeGreaterThanOrEqual(position.offset);
      expect(await group.write(first, value())).toBe(false);
      expect((await look(primary)).position).toEqual(fenced.position);
    });

    test('a fenced server is still fenced after a restart, and holds what is durable', async () => {
      const [, standby] = await standing();
      const before = await fence(standby);
      await group.crash(second);
      await group.restart(second);

      const after = await look(reach(second));

      expect(after.role).toBe('fenced');
      expect(after.incarnation === before.incarnation).toBe(isDurable);
      if (isDurable) expect(after.position).toEqual(before.position);
      expect(await group.write(second, value())).toBe(false);
    });

    test(`a primary that crashed and was restarted is ${comesBackAs}`, async () => {
      await standing();
      await group.crash(first);
      await group.restart(first);

      expect((await look(reach(first))).role).toBe(comesBackAs);
      if (comesBackAs === 'fenced') expect(await group.write(first, value())).toBe(false);
    });

    test('to fence, to promote, to follow and to confirm with a set mean the same when they are asked again', async () => {
      const [primary, standby, other] = await standing();
      await fence(primary);
      const fenced = await fence(standby);
      expect(await fence(standby)).toEqual(fenced);
      epoch += 1;

      const promoted = await promote(standby, [third]);
      expect(await promote(standby, [third])).toMatchObject({
        role: 'primary',
        position: { history: promoted.position.history },
        mark: promoted.mark,
      });

      await follow(other, second);
      const status = await linked(other, second);
      expect(await follow(other, second)).toMatchObject({
        role: 'standby',
        follows: second,
        incarnation: status.incarnation,
      });
      expect((await look(other)).isLinked).toBe(true);

      const confirming = { type: 'confirmWith', epoch, version: 2, inSync: [third], confirmations: 1 } as const;
      const confirmed = await operate(standby, confirming);
      expect(confirmed.mark).toEqual({ epoch, version: 2 });
      expect(await operate(standby, confirming)).toMatchObject({ role: 'primary', mark: confirmed.mark });
    });

    test('to confirm with a set ends once each of it holds what the primary did, and not before', async () => {
      const [primary, standby] = await standing();
      const written = value();
      await group.write(first, written);
      await operate(primary, { type: 'confirmWith', epoch, version: 2, inSync: [second, third], confirmations: 1 });
      expect(await group.holds(second, written)).toBe(true);
      expect(await group.holds(third, written)).toBe(true);

      await fence(standby);
      await until('the primary to miss it', async () => !(second in (await look(primary)).confirmed));
      const waiting = primary.operate(
        { type: 'confirmWith', term, epoch, version: 3, inSync: [second, third], confirmations: 1 },
        300,
      );
      await expect(waiting).rejects.not.toEqual(refusal('NOT_POSSIBLE'));
    });

    test('a set does not confirm while one of it is linked and does not get on', async () => {
      const [primary] = await standing();
      await group.pause(second);
      await group.write(first, value());

      const [confirmed] = await Promise.allSettled([
        primary.operate({ type: 'confirmWith', term, epoch, version: 2, inSync: [second], confirmations: 1 }, 500),
      ]);
      await group.resume(second);

      expect(confirmed).toMatchObject({
        status: 'rejected',
        reason: expect.not.objectContaining({ code: 'NOT_POSSIBLE' }),
      });
    });

    test('a promoted standby holds all that it held, in another history, and the others go on with it', async () => {
      const [primary, standby, other] = await standing();
      const written = value();
      await group.write(first, written);
      await held(second, written);
      for (const at of [primary, standby, other]) await fence(at);
      const before = (await look(standby)).position;
      epoch += 1;

      const promoted = await promote(standby);
      await follow(other, second);
      await follow(primary, second);
      const joined = [await linked(other, second), await linked(primary, second)];
      const next = value();
      expect(await group.write(second, next)).toBe(true);

      expect(promoted).toMatchObject({ role: 'primary', mark: { epoch, version: 1 } });
      expect(promoted.position.history).not.toBe(before.history);
      expect(promoted.position.offset).toBeGreaterThanOrEqual(before.offset);
      for (const { gaveUp, position } of joined) {
        expect(gaveUp).toBeUndefined();
        expect(position.history).toBe(promoted.position.history);
      }
      for (const server of [first, third]) await held(server, next);
      expect(await group.holds(second, written)).toBe(true);
    });

    test('an old primary that follows gives up what the new one does not hold, and says what that was', async () => {
      const [primary, standby] = await standing();
      const shared = value();
      await group.write(first, shared);
      await held(second, shared);
      const { position } = await fence(standby);
      const lost = value();
      expect(await group.write(first, lost)).toBe(true);
      const old = await fence(primary);
      epoch += 1;
      await promote(standby);

      await follow(primary, second);
      const { gaveUp } = await linked(primary, second);

      expect(gaveUp).toMatchObject({
        history: old.position.history,
        fromOffset: expect.any(Number),
        toOffset: old.position.offset,
      });
      expect(gaveUp?.fromOffset).toBeGreaterThanOrEqual(position.offset);
      expect(gaveUp?.fromOffset).toBeLessThan(old.position.offset);
      expect(await group.holds(first, lost)).toBe(false);
      expect(await group.holds(first, shared)).toBe(true);
    });

    test('what is asked under an earlier claim is refused once there is a later one', async () => {
      const [primary, standby] = await standing();
      term += 1;
      const later = await claimed(second, 'm2');

      for (const operation of [
        { type: 'fence', epoch },
        { type: 'follow', epoch, primary: third },
        { type: 'promote', epoch, version: 1, inSync: [], confirmations: 0 },
      ] as const) {
        await refusedForItsClaim(() => standby.operate({ ...operation, term: term - 1 }, timeoutMs));
      }
      await expect(standby.operate({ type: 'claim', term: term - 1 }, timeoutMs)).rejects.toEqual(
        refusal('CLAIM_LOST'),
      );
      expect(await fence(later)).toMatchObject({ role: 'fenced' });
      expect((await look(primary)).role).toBe('primary');
    });

    test('nothing is done without a claim', async () => {
      const [, standby] = await standing();
      await expect(fence(reach(third))).rejects.toEqual(refusal('CLAIM_LOST'));
      await expect(standby.operate({ type: 'fence', term: term + 1, epoch }, timeoutMs)).rejects.toEqual(
        refusal('CLAIM_LOST'),
      );
      expect((await look(standby)).role).toBe('standby');
    });

    if (!isDurable)
      test('a claim does not outlive the process of a server that may forget', async () => {
        const [, standby] = await standing();
        await group.crash(second);
        await group.restart(second);

        await expect(
          operate(standby, { type: 'promote', epoch: epoch + 1, version: 1, inSync: [], confirmations: 0 }),
        ).rejects.toThrow();
        expect((await look(reach(second))).role).not.toBe('primary');
      });

    test('what was asked of a paused server before a later claim never happens after it', async () => {
      const [, standby] = await standing();
      await group.pause(third);
      const early = reach(third);
      const asked = early.operate({ type: 'claim', term }, 200);
      await expect(asked).rejects.toThrow();
      await expect(early.operate({ type: 'fence', term, epoch }, 200)).rejects.toThrow();
      await group.resume(third);
      term += 1;
      const later = await claimed(third, 'm2');

      await refusedForItsClaim(() => early.operate({ type: 'fence', term: term - 1, epoch }, timeoutMs));
      expect(await fence(later)).toMatchObject({ role: 'fenced' });
      expect((await look(standby)).role).toBe('standby');
    });

    test('what does not fit a role is refused by name', async () => {
      const [primary, standby] = await standing();
      await expect(follow(primary, second)).rejects.toEqual(refusal('NOT_POSSIBLE'));
      await expect(follow(standby, second)).rejects.toEqual(refusal('NOT_POSSIBLE'));
      await expect(follow(standby, 'nowhere')).rejects.toEqual(refusal('NOT_POSSIBLE'));
      await expect(promote(standby)).rejects.toEqual(refusal('NOT_POSSIBLE'));
      await expect(
        operate(standby, { type: 'confirmWith', epoch, version: 2, inSync: [], confirmations: 0 }),
      ).rejects.toEqual(refusal('NOT_POSSIBLE'));
    });

    test('a probe tells a server that answers from one that is gone and one that is silent', async () => {
      const at = reach(third);
      expect(await at.probe(timeoutMs)).toBe('answers');

      await group.pause(third);
      expect(await at.probe(200)).toBe('silent');
      expect(await reach(third).probe(200)).toBe('silent');
      await group.resume(third);
      expect(await until('an answer', async () => (await at.probe(timeoutMs)) === 'answers')).toBe(true);

      await group.crash(third);
      expect(await at.probe(timeoutMs)).toBe('refused');
      expect(await reach(third).probe(timeoutMs)).toBe('refused');
      await group.restart(third);
      expect(await at.probe(timeoutMs)).toBe('answers');
    });

    test('an operation ends in time at a server that is silent or gone, and leaves open whether it happened', async () => {
      const [, standby] = await standing();
      await group.pause(second);
      await expect(standby.operate({ type: 'fence', term, epoch }, 200)).rejects.not.toEqual(refusal('NOT_POSSIBLE'));
      await group.resume(second);
      await operate(standby, { type: 'claim' });
      expect(['standby', 'fenced']).toContain((await look(standby)).role);

      await group.crash(second);
      await expect(look(standby)).rejects.not.toEqual(refusal('NOT_POSSIBLE'));
      await group.restart(second);
    });

    test('to close is idempotent, and ends what is asked later', async () => {
      const [primary] = await standing();
      await primary.close();
      await primary.close();
      await expect(look(primary)).rejects.toThrow();
      expect(await primary.probe(200)).toBe('silent');
      expect((await look(reach(first))).role).toBe('primary');
    });
  });
}
