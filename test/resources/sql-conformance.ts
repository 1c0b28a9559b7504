/**
 * What the suite asks of SQL databases beyond the rest: that no text of an application ends its transaction unnoticed, and
 * that no branch finds traces of another one in its session.
 */

import { describe, expect, test } from 'vitest';
import type { EnlistedResource } from '../../src/resources/adapter.ts';
import type { Branch } from '../../src/resources/branch.ts';
import type { BranchSession } from '../../src/resources/transactional.ts';

/** Something that a statement can leave behind in its session. */
export interface Trace {
  readonly name: string;
  readonly does: readonly string[];
  /** A query whose answer, or whose error, shows it. */
  readonly shows: string;
  /** Whether the statement takes effect with the end of its transaction only. */
  readonly atCommit?: true;
}

/** A database as this part of the suite sees it. */
export interface SqlUnderTest<Session extends BranchSession> {
  /** Opens the resource with a single session, which all branches share one after the other. */
  open(): EnlistedResource<Session>;
  /** Runs whatever it is given as a statement, also what has no business there. */
  run(session: Session, text: unknown, values?: unknown): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** A statement that writes a row, by its key. */
  insert(key: string): string;
  /** The committed keys that begin so, read outside of any branch. */
  keys(prefix: string): Promise<readonly unknown[]>;
  /** Statements that would begin or end the transaction of a branch. */
  control(at: Branch): readonly string[];
  readonly traces: readonly Trace[];
}

const timeoutMs = 60_000;

export function keepsItsTransactionsWhole<Session extends BranchSession>(sql: () => SqlUnderTest<Session>): void {
  let count = 0;
  const branch = (): Branch => {
    count += 1;
    return { manager: 'm1', transaction: `sql${count}`, branch: 'part' };
  };
  const key = (): string => {
    count += 1;
    return `sql-key-${count}-`;
  };
  const withResource = async (work: (resource: EnlistedResource<Session>) => Promise<void>): Promise<void> => {
    const resource = sql().open();
    try {
      await resource.setup({ timeoutMs });
      await work(resource);
    } finally {
      await resource.close();
    }
  };

  test('refuses every statement that would begin or end its transaction, and keeps the rest together', () =>
    withResource(async (resource) => {
      const at = branch();
      for (const text of sql().control(at)) {
        const [each, mine] = [branch(), key()];
        const session = await resource.begin(each, { timeoutMs });
        await sql().run(session, sql().insert(`${mine}1`));
        await expect(sql().run(session, text), text).rejects.toMatchObject({
          code: expect.stringMatching(/^(BRANCH_CONTROL|STATEMENT)$/),
        });
        await session.rollback();
        expect(await sql().keys(mine), text).toEqual([]);
        expect(await resource.outcomeOf(each, { timeoutMs })).toEqual({ type: 'absent' });
      }
    }));

  test('refuses several statements in one text, alone and as the last one, and keeps nothing of them', () =>
    withResource(async (resource) => {
      for (const end of ['commit', 'rollback', 'select 1', 'rollback and chain']) {
        const [at, mine] = [branch(), key()];
        const session = await resource.begin(at, { timeoutMs });
        await sql().run(session, sql().insert(`${mine}1`));
        const text = `${sql().insert(`${mine}2`)}; ${end}; ${sql().insert(`${mine}3`)}`;
        await expect(sql().run(session, text), text).rejects.toMatchObject({ code: 'STATEMENT' });
        expect(await session.prepare({ timeoutMs })).toMatchObject({ type: 'no' });
        expect(await sql().keys(mine)).toEqual([]);
      }
    }));

  test('refuses what is no text, before anything is sent', () =>
    withResource(async (resource) => {
      const [at, mine] = [branch(), key()];
      const session = await resource.begin(at, { timeoutMs });
      await sql().run(session, sql().insert(`${mine}1`));
      const wrong: readonly unknown[] = [{ text: 'commit' }, { sql: 'commit' }, ['commit'], null, 7, 'select 1\0'];
      for (const text of wrong) {
        await expect(sql().run(session, text)).rejects.toMatchObject({ code: 'STATEMENT_TEXT' });
      }
      await expect(sql().run(session, 'select 1', { length: 1, 0: 'x' })).rejects.toMatchObject({
        code: 'STATEMENT_TEXT',
      });
      expect(await session.commitDirectly({ timeoutMs })).toEqual({ type: 'committed' });
      expect(await sql().keys(mine)).toEqual([`${mine}1`]);
    }));

  test('goes on once the application has gone back to a savepoint, and commits what is left', () =>
    withResource(async (resource) => {
      for (const back of [
        'rollback to savepoint here',
        ' /* why */ ROLLBACK WORK TO here',
        '-- why\nrollback to here',
      ]) {
        const [at, mine] = [branch(), key()];
        const session = await resource.begin(at, { timeoutMs });
        await sql().run(session, sql().insert(`${mine}1`));
        await sql().run(session, 'savepoint here');
        await sql().run(session, sql().insert(`${mine}2`));
        await expect(sql().run(session, 'select * from nowhere')).rejects.toMatchObject({ code: 'STATEMENT' });
        await sql().run(session, back);
        await sql().run(session, sql().insert(`${mine}3`));
        await sql().run(session, 'release savepoint here');
        expect(await session.prepare({ timeoutMs }), back).toMatchObject({ type: 'yes' });
        expect(await resource.commit(at, { timeoutMs })).toEqual({ type: 'done' });
        expect(await sql().keys(mine)).toEqual([`${mine}1`, `${mine}3`]);
      }
    }));

  test('takes nothing after a failure but a way back to a savepoint that is older, and votes no without one', () =>
    withResource(async (resource) => {
      const mine = key();
      const session = await resource.begin(branch(), { timeoutMs });
      await sql().run(session, sql().insert(`${mine}1`));
      await expect(sql().run(session, 'select * from nowhere')).rejects.toMatchObject({ code: 'STATEMENT' });
      for (const text of [
        'savepoint late',
        'select 1 as one',
        sql().insert(`${mine}2`),
        'rollback to savepoint late',
      ]) {
        await expect(sql().run(session, text), text).rejects.toMatchObject({
          code: expect.stringMatching(/^(BRANCH_FAILED|STATEMENT)$/),
        });
      }
      const vote = await session.prepare({ timeoutMs });
      expect(vote).toMatchObject({ type: 'no', reason: expect.stringContaining('nowhere') });
      expect(await sql().keys(mine)).toEqual([]);
    }));

  describe.each(['prepared', 'committed directly', 'rolled back'] as const)('a session whose branch was %s', (how) => {
    test('shows the next one nothing of it', () =>
      withResource(async (resource) => {
        const answerOf = async (text: string): Promise<unknown> => {
          const session = await resource.begin(branch(), { timeoutMs });
          const answer = await sql()
            .run(session, text)
            .catch((error: unknown) => String(error));
          await session.rollback();
          return answer;
        };
        for (const { name, does, shows, atCommit } of sql().traces) {
          const before = await answerOf(shows);
          const at = branch();
          const session = await resource.begin(at, { timeoutMs });
          for (const text of does) await sql().run(session, text);
          const left = await sql().run(session, shows).catch(String);
          if (atCommit !== true) expect(left, `${name} is left while at work`).not.toEqual(before);
          if (how === 'prepared') await session.prepare({ timeoutMs });
          if (how === 'committed directly') {
            expect(await session.commitDirectly({ timeoutMs }), name).toEqual({ type: 'committed' });
          }
          await (how === 'committed directly' ? session.rollback() : resource.rollback(at, { timeoutMs }));
          expect(await answerOf(shows), `${name} is seen by the next branch`).toEqual(before);
        }
      }));
  });
}
