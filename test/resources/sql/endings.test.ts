import { expect, test } from 'vitest';
import type { SqlConnection } from '../../../src/resources/sql/connection.ts';
import { type Endings, rollbackBranch, writeAbsence } from '../../../src/resources/sql/endings.ts';
import type { BranchSession } from '../../../src/resources/transactional.ts';

const branch = { manager: 'm', transaction: 't', branch: 'b' };
const control = {
  budget: { remainingMs: () => 1_000 },
  send: async () => {
    throw new Error('expected no statement');
  },
};

/** A database that remembers of the branch what is written first. */
function database(): Endings<SqlConnection, BranchSession> & { outcome: 'committed' | 'aborted' | 'absent' } {
  return {
    outcome: 'absent',
    remembersRollbacks: false,
    endPrepared: async () => ({ type: 'absent' }),
    async outcomeOf() {
      return { type: this.outcome };
    },
    async writeBroken() {
      if (this.outcome === 'absent') this.outcome = 'committed';
    },
    async writeAbsence() {
      if (this.outcome === 'absent') this.outcome = 'aborted';
      return { type: this.outcome === 'aborted' ? 'absent' : 'committed' };
    },
  };
}
const named = (isBroken: boolean) => ({ branch, receipt: undefined, connection: undefined, isBroken });

test('a branch whose transaction was ended by a statement is not written down as rolled back', async () => {
  const rolledBack = database();
  expect(await rollbackBranch(rolledBack, control, named(true))).toMatchObject({ type: 'refused' });
  expect(rolledBack.outcome).toBe('committed');
  const absent = database();
  expect(await writeAbsence(absent, control, named(true))).toEqual({ type: 'committed' });
  expect(absent.outcome).toBe('committed');
});

test('a branch that is nowhere is written down as rolled back', async () => {
  const found = database();
  expect(await rollbackBranch(found, control, named(false))).toEqual({ type: 'done' });
  expect(found.outcome).toBe('aborted');
});
