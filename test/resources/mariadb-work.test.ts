import { expect, test } from 'vitest';
import { systemEnvironment } from '../../src/environment/environment.ts';
import { BranchControlError } from '../../src/resources/errors.ts';
import type { MariaDbConnection, Ran } from '../../src/resources/mariadb/connection.ts';
import { assertStatement, goesBack } from '../../src/resources/mariadb/statements.ts';
import { createWork } from '../../src/resources/mariadb/work.ts';

const timeoutMs = 60_000;

/** A server that fails what has `fail` in it, and otherwise says yes. */
function connectionTo(said: string[]): MariaDbConnection {
  const answer: Ran<never>['result'] = { rows: [], affectedRows: 0 };
  return {
    id: 1,
    memory: 'memory',
    async run(text) {
      said.push(text);
      if (text.includes('fail')) throw Object.assign(new Error('it failed'), { errno: 1146, sqlState: '42S02' });
      return { result: answer, isInTransaction: true };
    },
    reset: () => Promise.resolve(),
    isUsable: () => true,
    destroy: () => undefined,
    ask: () => Promise.resolve(answer),
    tidy: () => undefined,
  };
}

test('a way back to a savepoint is known by its first words, behind comments that are no statements', () => {
  const back = [
    'rollback to here',
    'rollback/* a */ work -- b\n to here',
    'ROLLBACK WORK TO SAVEPOINT here',
    '/* a */ -- b\n# c\nrollback\nto `here`',
  ];
  const other = ['rollback', 'rollback work', 'rollback and chain', 'savepoint rollback', 'call rollback_to(1)'];
  const hidden = ['/*! savepoint a */ rollback to a', '/*M! x */rollback to a', "execute immediate 'rollback to a'"];
  expect(back.filter(goesBack)).toEqual(back);
  expect([...other, ...hidden].filter(goesBack)).toEqual([]);
});

test('what begins or ends a transaction is known by its first words, and anything of XA anywhere', () => {
  const control = [
    'begin',
    'BEGIN WORK;',
    'start transaction',
    'commit',
    '# a\ncommit',
    'rollback',
    'rollback and chain',
  ];
  const xa = ["xa end 'a'", "execute immediate 'xa/**/commit 1'", "/*! xa end 'a' */"];
  const others = ['begin not atomic select 1; end', 'start slave', 'rollback to here', 'select 1 as commit', '`begin`'];
  const isRefused = (text: string) => {
    try {
      assertStatement(text, []);
      return false;
    } catch (error) {
      return error instanceof BranchControlError;
    }
  };
  expect([...control, ...xa, ...others].filter(isRefused)).toEqual([...control, ...xa]);
});

test('a branch in MariaDB sends nothing but a way back after a failure, and has not failed once it is back', async () => {
  const said: string[] = [];
  const { clock } = systemEnvironment();
  const work = createWork({
    name: 'stock',
    branch: { manager: 'm1', transaction: 't1', branch: 'stock' },
    clock,
    loan: { connection: connectionTo(said), release: () => undefined },
    timeoutMs,
    mode: {},
    savepoint: 'witness',
    onEnd: () => undefined,
    onBroken: () => undefined,
  });
  const run = (text: string) => work.run(text, undefined, timeoutMs);
  await expect(run('fail')).rejects.toThrow('it failed');
  await expect(run('savepoint late')).rejects.toMatchObject({ code: 'BRANCH_FAILED' });
  expect([said, work.hasFailed]).toEqual([['fail'], true]);
  await run('rollback to here');
  await run('select 1');
  expect([said, work.hasFailed]).toEqual([['fail', 'rollback to here', 'select 1'], false]);
});
