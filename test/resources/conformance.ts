/**
 * The suite that every transactional resource passes, own ones too. It uses a resource as a transaction manager does:
 * by its sessions, by the names of branches from other incarnations, and through `perform`.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EnlistedResource } from '../../src/resources/adapter.ts';
import type { Branch } from '../../src/resources/branch.ts';
import type { BranchSession } from '../../src/resources/transactional.ts';
import type { Result, Tagged } from '../../statecharts/actor.ts';
import { until } from '../fixtures/until.ts';
import { keepsItsTransactionsWhole, type SqlUnderTest } from './sql-conformance.ts';

/** What the suite must be able to do to the resource under test. */
export interface ResourceUnderTest<Session extends BranchSession> {
  /** Opens the resource as a process does that starts, on the same data. The suite closes what it opened. */
  open(): Promise<EnlistedResource<Session>>;
  /** Opens it anew after the process that had opened `before` died: nothing of it runs on, but nobody said goodbye. */
  reopen(before: EnlistedResource<Session>): Promise<EnlistedResource<Session>>;
  write(session: Session, key: string, value: string): Promise<void>;
  /** Reads within the branch. */
  read(session: Session, key: string): Promise<string | undefined>;
  /** The committed value, read outside of any branch. */
  committed(key: string): Promise<string | undefined>;
  /** Runs a statement that the resource refuses; rejects. */
  fail(session: Session): Promise<unknown>;
  close(): Promise<void>;
  /** Of SQL databases. */
  readonly sql?: SqlUnderTest<Session>;
}

const timeoutMs = 60_000;

export function conformsAsTransactionalResource<Session extends BranchSession>(
  name: string,
  start: () => Promise<ResourceUnderTest<Session>>,
  takesStatements = false,
): void {
  describe(`${name} as a transactional resource`, () => {
    let world: ResourceUnderTest<Session>;
    let resource: EnlistedResource<Session>;
    const opened: EnlistedResource<Session>[] = [];
    let count = 0;
    const branch = (manager = 'm1'): Branch => {
      count += 1;
      return { manager, transaction: `t${count}`, branch: 'part' };
    };
    const key = (): string => {
      count += 1;
      return `key-${count}`;
    };
    const reopen = async (): Promise<EnlistedResource<Session>> => {
      resource = await world.reopen(resource);
      opened.push(resource);
      return resource;
    };
    const written = async (at: Branch, written: string, value: string): Promise<Session> => {
      const session = await resource.begin(at, { timeoutMs });
      await world.write(session, written, value);
      return session;
    };
    /** A prepared branch that wrote `value`, and its receipt. */
    const prepared = async (at: Branch, where: string, value: string): Promise<{ receipt?: string }> => {
      const session = await written(at, where, value);
      const vote = await session.prepare({ timeoutMs });
      if (vote.type !== 'yes') throw new Error(`expected a yes, got ${JSON.stringify(vote)}`);
      return vote.receipt === undefined ? {} : { receipt: vote.receipt };
    };
    /** A session whose statements give up after so long. To connect may take longer than that. */
    const impatient = (limitMs: number): Promise<Session> =>
      until('an impatient session', () => resource.begin(branch(), { timeoutMs: limitMs }));
    const perform = (operation: Tagged & Readonly<Record<string, unknown>>): Promise<Result> =>
      new Promise((resolve) => {
        count += 1;
        resource.perform({ id: `o${count}`, operation, deadlineMs: timeoutMs }, resolve);
      });

    beforeAll(async () => {
      world = await start();
      resource = await world.open();
      opened.push(resource);
      await resource.setup({ timeoutMs });
    });
    afterAll(async () => {
      for (const each of opened) await each.close();
      await world.close();
    });

    test('shows what a prepared branch wrote once it commits, and not before', async () => {
      const [at, where] = [branch(), key()];
      const receipt = await prepared(at, where, 'new');
      expect(await world.committed(where)).toBeUndefined();
      expect(await resource.commit(at, { ...receipt, timeoutMs })).toEqual({ type: 'done' });
      expect(await world.committed(where)).toBe('new');
    });

    test('leaves nothing of a prepared branch that is rolled back', async () => {
      const [at, where] = [branch(), key()];
      const receipt = await prepared(at, where, 'new');
      expect(await resource.rollback(at, { ...receipt, timeoutMs })).toEqual({ type: 'done' });
      expect(await world.committed(where)).toBeUndefined();
    });

    test('leaves nothing of a session that is rolled back, and votes no afterwards', async () => {
      const [at, where] = [branch(), key()];
      const session = await written(at, where, 'new');
      expect(await world.read(session, where)).toBe('new');
      await session.rollback();
      await session.rollback();
      expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
      expect(await world.committed(where)).toBeUndefined();
    });

    test('votes read-only when nothing was written, and is then over', async () => {
      const at = branch();
      const session = await resource.begin(at, { timeoutMs });
      expect(await world.read(session, key())).toBeUndefined();
      expect(await session.prepare({ timeoutMs })).toEqual({ type: 'read-only' });
      expect(await resource.prepared(at.manager, { timeoutMs })).toEqual([]);
    });

    test('votes read-only when no statement was run at all', async () => {
      const session = await resource.begin(branch(), { timeoutMs });
      expect(await session.prepare({ timeoutMs })).toEqual({ type: 'read-only' });
    });

    test('reads the same again in a branch that asked for repeatable reads or more, whatever others do meanwhile', async () => {
      for (const isolation of resource.modes?.isolations ?? []) {
        if (isolation === 'read committed') continue;
        const [where, other] = [key(), key()];
        await (await written(branch(), where, 'old')).commitDirectly({ timeoutMs });
        const reader = await resource.begin(branch(), { timeoutMs, isolation });
        expect(await world.read(reader, where)).toBe('old');
        // Where the reader holds a lock, the writer gives up.
        const writer = await impatient(300);
        await world.write(writer, where, 'new').catch(() => undefined);
        await writer.commitDirectly({ timeoutMs });
        expect([isolation, await world.read(reader, where)]).toEqual([isolation, 'old']);
        await world.write(reader, other, 'mine');
        expect(await reader.prepare({ timeoutMs })).toMatchObject({ type: 'yes' });
        await resource.rollback(reader.branch, { timeoutMs });
      }
    });

    test.each(['prepared', 'committed directly'] as const)(
      'writes nothing down of a branch that is read only when it is %s',
      async (how) => {
        const [where, at] = [key(), branch()];
        await (await written(branch(), where, 'old')).commitDirectly({ timeoutMs });
        const session = await resource.begin(at, { timeoutMs, readOnly: true });
        expect(await world.read(session, where)).toBe('old');
        const answer = await (how === 'prepared'
          ? session.prepare({ timeoutMs })
          : session.commitDirectly({ timeoutMs }));
        expect(answer).toEqual({ type: how === 'prepared' ? 'read-only' : 'committed' });
        expect(await resource.outcomeOf(at, { timeoutMs })).toEqual({ type: 'absent' });
      },
    );

    test('refuses writes in a branch that is read only by a code, and takes them in the next branch', async () => {
      const [where, at] = [key(), branch()];
      const session = await resource.begin(at, { timeoutMs, readOnly: true });
      await expect(world.write(session, where, 'new')).rejects.toMatchObject({
        code: 'STATEMENT',
        resourceCode: expect.stringMatching(/./),
      });
      expect(await session.commitDirectly({ timeoutMs })).toMatchObject({ type: 'no' });
      expect(session.refusal).toMatchObject({ isTransient: false, resourceCode: expect.stringMatching(/./) });
      await (await written(branch(), where, 'newer')).commitDirectly({ timeoutMs });
      expect(await world.committed(where)).toBe('newer');
    });

    test('votes no, with the reason, after a statement failed, also when the application goes on', async () => {
      const [at, where] = [branch(), key()];
      const session = await written(at, where, 'new');
      await expect(world.fail(session)).rejects.toThrow();
      await world.write(session, where, 'newer').catch(() => undefined);
      const vote = await session.prepare({ timeoutMs });
      expect(vote).toMatchObject({ type: 'no' });
      expect('reason' in vote && vote.reason.length).toBeGreaterThan(5);
      expect(await world.committed(where)).toBeUndefined();
    });

    test('refuses statements after prepare', async () => {
      const [at, where] = [branch(), key()];
      const session = await written(at, where, 'new');
      expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'yes' });
      await expect(world.write(session, where, 'late')).rejects.toMatchObject({ code: 'BRANCH_CLOSED' });
      await resource.commit(at, { timeoutMs });
      expect(await world.committed(where)).toBe('new');
    });

    test('takes the same end again, and refuses the opposite one', async () => {
      const [first, second] = [branch(), branch()];
      const [where, there] = [key(), key()];
      const one = await prepared(first, where, 'a');
      const two = await prepared(second, there, 'b');
      await resource.commit(first, { ...one, timeoutMs });
      await resource.rollback(second, { ...two, timeoutMs });
      expect(await resource.commit(first, { ...one, timeoutMs })).toEqual({ type: 'done' });
      expect(await resource.commit(first, { timeoutMs })).toEqual({ type: 'done' });
      expect(await resource.rollback(second, { ...two, timeoutMs })).toEqual({ type: 'done' });
      expect(await resource.rollback(first, { ...one, timeoutMs })).toMatchObject({ type: 'refused' });
      expect(await resource.commit(second, { ...two, timeoutMs })).toMatchObject({ type: 'refused' });
      expect([await world.committed(where), await world.committed(there)]).toEqual(['a', undefined]);
    });

    test('never takes a commit of an unknown name for success', async () => {
      expect(await resource.commit(branch(), { timeoutMs })).toMatchObject({ type: 'unknown' });
    });

    test('refuses the prepare of a branch that was rolled back before it arrived', async () => {
      const [at, where] = [branch(), key()];
      expect(await resource.rollback(at, { timeoutMs })).toEqual({ type: 'done' });
      const vote = await resource.begin(at, { timeoutMs }).then(
        async (session) => {
          await world.write(session, where, 'late').catch(() => undefined);
          return session.prepare({ timeoutMs });
        },
        () => ({ type: 'no' }),
      );
      expect(vote).toMatchObject({ type: 'no' });
      expect(await world.committed(where)).toBeUndefined();
    });

    test('lists the prepared branches of one manager, with their age', async () => {
      const [mine, alsoMine, other] = [branch('lister'), branch('lister'), branch('other')];
      for (const each of [mine, alsoMine, other]) await prepared(each, key(), 'x');
      const listed = await resource.prepared('lister', { timeoutMs });
      expect(listed.map((it) => it.branch)).toEqual([mine, alsoMine]);
      for (const { ageMs } of listed) expect(ageMs).toBeGreaterThanOrEqual(0);
      for (const each of [mine, alsoMine, other]) await resource.rollback(each, { timeoutMs });
      expect(await resource.prepared('lister', { timeoutMs })).toEqual([]);
    });

    test('ends prepared branches after the process that prepared them died', async () => {
      const [first, second] = [branch('dying'), branch('dying')];
      const [where, there] = [key(), key()];
      const one = await prepared(first, where, 'kept');
      await prepared(second, there, 'gone');
      await reopen();
      const listed = await resource.prepared('dying', { timeoutMs });
      expect(listed.map((it) => it.branch)).toEqual([first, second]);
      expect(await resource.commit(first, { ...one, timeoutMs })).toEqual({ type: 'done' });
      expect(await resource.rollback(second, { timeoutMs })).toEqual({ type: 'done' });
      expect([await world.committed(where), await world.committed(there)]).toEqual(['kept', undefined]);
    });

    test('keeps the locks of a prepared branch, also after the process that prepared it died', async () => {
      const [at, where] = [branch(), key()];
      await prepared(at, where, 'first');
      await reopen();
      const waiting = await impatient(500);
      const second = world.write(waiting, where, 'second').then(
        () => 'written',
        () => 'refused',
      );
      expect(await second).toBe('refused');
      expect(await waiting.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
      expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
      expect(await world.committed(where)).toBe('first');
      const after = await written(branch(), where, 'third');
      expect(await after.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
      expect(await world.committed(where)).toBe('third');
    });

    test('says what became of a branch', async () => {
      const [done, undone, open, never] = [branch(), branch(), branch(), branch()];
      const committed = await prepared(done, key(), 'x');
      const aborted = await prepared(undone, key(), 'x');
      await prepared(open, key(), 'x');
      await resource.commit(done, { ...committed, timeoutMs });
      await resource.rollback(undone, { ...aborted, timeoutMs });
      expect(await resource.outcomeOf(done, { timeoutMs })).toEqual({ type: 'committed' });
      expect(await resource.outcomeOf(undone, { ...aborted, timeoutMs })).toEqual({ type: 'aborted' });
      expect(await resource.outcomeOf(open, { timeoutMs })).toEqual({ type: 'prepared' });
      expect(await resource.outcomeOf(never, { timeoutMs })).toEqual({ type: 'absent' });
      await resource.rollback(open, { timeoutMs });
    });

    test('writes absence, so that what comes later is refused', async () => {
      const [preparing, committing, where] = [branch(), branch(), key()];
      const first = await written(preparing, where, 'x');
      await first.rollback();
      for (const at of [preparing, committing]) {
        expect(await resource.writeAbsence(at, { timeoutMs })).toEqual({ type: 'absent' });
        expect(await resource.writeAbsence(at, { timeoutMs })).toEqual({ type: 'absent' });
        expect(await resource.outcomeOf(at, { timeoutMs })).toEqual({ type: 'aborted' });
      }
      const late = await resource.begin(committing, { timeoutMs }).then(
        async (session) => {
          await world.write(session, where, 'late').catch(() => undefined);
          return session.commitDirectly({ timeoutMs });
        },
        () => ({ type: 'no' }),
      );
      expect(late).toMatchObject({ type: 'no' });
      expect(await resource.commit(preparing, { timeoutMs })).toMatchObject({ type: 'refused' });
      expect(await world.committed(where)).toBeUndefined();
    });

    test('does not write absence over a branch that is prepared or has committed', async () => {
      const [at, where] = [branch(), key()];
      const receipt = await prepared(at, where, 'x');
      expect(await resource.writeAbsence(at, { timeoutMs })).toMatchObject({ type: 'present' });
      await resource.commit(at, { ...receipt, timeoutMs });
      expect(await resource.writeAbsence(at, { timeoutMs })).toEqual({ type: 'committed' });
      expect(await world.committed(where)).toBe('x');
    });

    test('ends what an earlier incarnation left running, before it writes its absence', async () => {
      const [at, where] = [branch(), key()];
      const left = await written(at, where, 'left');
      await reopen();
      expect(await resource.writeAbsence(at, { timeoutMs })).toEqual({ type: 'absent' });
      expect((await left.prepare({ timeoutMs: 500 })).type).not.toBe('yes');
      const next = await written(branch(), where, 'next');
      expect(await next.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
      expect(await world.committed(where)).toBe('next');
    });

    test('commits in one phase, and remembers that it did', async () => {
      const [at, where] = [branch(), key()];
      const session = await written(at, where, 'x');
      expect(await session.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
      expect(await world.committed(where)).toBe('x');
      await reopen();
      expect(await resource.outcomeOf(at, { timeoutMs })).toEqual({ type: 'committed' });
      expect(await resource.writeAbsence(at, { timeoutMs })).toEqual({ type: 'committed' });
    });

    test('does not commit in one phase after a statement failed', async () => {
      const [at, where] = [branch(), key()];
      const session = await written(at, where, 'x');
      await expect(world.fail(session)).rejects.toThrow();
      expect(await session.commitDirectly({ timeoutMs })).toMatchObject({ type: 'no' });
      expect(await world.committed(where)).toBeUndefined();
    });

    test('commits an idempotency key once, and names the branch that did', async () => {
      const [first, second, where] = [branch(), branch(), key()];
      const idempotencyKey = `it's \\ "${key()}"`;
      const one = await written(first, where, 'once');
      expect(await one.commitDirectly({ timeoutMs, idempotencyKey })).toEqual({ type: 'committed' });
      const two = await written(second, where, 'twice');
      expect(await two.commitDirectly({ timeoutMs, idempotencyKey })).toMatchObject({ type: 'no', committedBy: first });
      expect(await world.committed(where)).toBe('once');
    });

    test('refuses a branch that is begun twice, and names that no database could keep', async () => {
      const at = branch();
      const session = await resource.begin(at, { timeoutMs });
      await expect(resource.begin(at, { timeoutMs })).rejects.toMatchObject({ code: 'DUPLICATE_BRANCH' });
      await session.rollback();
      for (const wrong of ['', "x'; drop table", 'a:b', 'x'.repeat(50)]) {
        await expect(resource.begin({ ...at, branch: wrong }, { timeoutMs })).rejects.toMatchObject({
          code: 'BRANCH_NAME',
        });
      }
    });

    test('forgets what is older than asked, and nothing younger or of another manager', async () => {
      const [mine, other] = [branch('forgetter'), branch('remembering')];
      for (const at of [mine, other]) await resource.writeAbsence(at, { timeoutMs });
      expect(await resource.forget('forgetter', { olderThanMs: 3_600_000, timeoutMs })).toBe(0);
      expect(await resource.outcomeOf(mine, { timeoutMs })).toEqual({ type: 'aborted' });
      await until(
        'it to be older than a millisecond, and forgotten',
        async () => (await resource.forget('forgetter', { olderThanMs: 1, timeoutMs })) === 1,
      );
      expect(await resource.outcomeOf(mine, { timeoutMs })).toEqual({ type: 'absent' });
      expect(await resource.outcomeOf(other, { timeoutMs })).toEqual({ type: 'aborted' });
    });

    test('finds nothing wrong with a resource that is set up, and shows what is left over', async () => {
      const at = branch('leaving');
      await prepared(at, key(), 'x');
      await resource.setup({ timeoutMs });
      const report = await resource.check({ timeoutMs });
      expect(report.server).not.toBe('');
      expect(report.findings.filter((it) => it.level === 'error')).toEqual([]);
      const leftover = report.leftovers.find((it) => it.branch?.manager === 'leaving');
      expect(leftover?.branch).toEqual(at);
      await resource.rollback(at, { timeoutMs });
      expect((await resource.check({ timeoutMs })).leftovers.filter((it) => it.branch?.manager === 'leaving')).toEqual(
        [],
      );
    });

    test('answers what charts ask for', async () => {
      const [first, second, where] = [branch(), branch(), key()];
      await written(first, where, 'x');
      const answer = await perform({ type: 'prepare', branch: first, place: { type: 'journal' } });
      expect(answer).toMatchObject({ type: 'done', value: { vote: 'yes' } });
      expect(await perform({ type: 'commit', branch: first, receipt: null })).toMatchObject({
        type: 'done',
      });
      expect(await perform({ type: 'rollback', branch: first, receipt: null })).toMatchObject({
        type: 'refused',
      });
      expect(await perform({ type: 'end-one-phase', branch: first })).toEqual({
        type: 'done',
        value: { outcome: 'committed' },
      });
      await written(second, where, 'y');
      expect(await perform({ type: 'commit-one-phase', branch: second, idempotencyKey: null })).toMatchObject({
        type: 'done',
      });
      expect(await perform({ type: 'commit-one-phase', branch: second, idempotencyKey: null })).toMatchObject({
        type: 'done',
      });
      expect(await world.committed(where)).toBe('y');
      const wrong = [
        { type: 'dance' },
        { type: 'prepare' },
        { type: 'prepare', branch: { ...first, branch: 7 } },
        { type: 'commit', branch: first },
        { type: 'rollback', branch: first, receipt: 7 },
      ];
      for (const each of wrong) {
        expect(await perform(each)).toEqual({ type: 'refused', error: expect.stringContaining(`got '${each.type}'`) });
      }
    });

    test('names to charts the transaction that has committed under the same idempotency key', async () => {
      const [first, second, idempotencyKey] = [branch(), branch(), key()];
      await written(first, key(), 'x');
      expect(await perform({ type: 'commit-one-phase', branch: first, idempotencyKey })).toMatchObject({
        type: 'done',
      });
      await written(second, key(), 'y');
      expect(await perform({ type: 'commit-one-phase', branch: second, idempotencyKey })).toEqual({
        type: 'refused',
        error: expect.stringContaining(`transaction ${first.transaction} `),
      });
    });

    test('answers a prepare that charts ask for again as it stands', async () => {
      const [ready, lost, where] = [branch(), branch(), key()];
      await prepared(ready, where, 'x');
      await written(lost, key(), 'y');
      await reopen();
      const ask = (at: Branch) => perform({ type: 'prepare', branch: at, place: { type: 'journal' } });
      expect(await ask(ready)).toMatchObject({ type: 'done', value: { vote: 'yes' } });
      expect(await ask(lost)).toMatchObject({ type: 'refused' });
      await resource.rollback(ready, { timeoutMs });
    });

    test('rolls back for charts what is still at work', async () => {
      const [at, where] = [branch(), key()];
      const session = await written(at, where, 'x');
      expect(await perform({ type: 'rollback', branch: at, receipt: null })).toMatchObject({
        type: 'done',
      });
      expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
      const next = await written(branch(), where, 'y');
      expect(await next.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
    });

    test('lets transactions that touch different keys run side by side', async () => {
      const runs = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const [at, where] = [branch('parallel'), key()];
          const receipt = await prepared(at, where, String(index));
          const ending =
            index % 2 === 0
              ? await resource.commit(at, { ...receipt, timeoutMs })
              : await resource.rollback(at, { ...receipt, timeoutMs });
          return { where, index, ending };
        }),
      );
      for (const { where, index, ending } of runs) {
        expect(ending).toEqual({ type: 'done' });
        expect(await world.committed(where)).toBe(index % 2 === 0 ? String(index) : undefined);
      }
      expect(await resource.prepared('parallel', { timeoutMs })).toEqual([]);
    });

    if (takesStatements) {
      keepsItsTransactionsWhole<Session>(() => {
        if (world.sql === undefined) throw new Error(`expected ${name} to be described as an SQL database`);
        return world.sql;
      });
    }
  });
}
