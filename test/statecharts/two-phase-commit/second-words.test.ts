/** What comes twice, late, or in answer to something else changes nothing. */

import { expect, test } from 'vitest';
import {
  coordinator,
  coordinatorContext,
  type ParticipantContext,
  participant,
  participantContext,
} from '../../../statecharts/two-phase-commit.ts';

const owner = 'n1/2pc.coordinator/tx-1';
const stock = 'n2/2pc.participant/tx-1/stock';
const id = { manager: 'n1', transaction: 'tx-1', branch: 'stock' };
const joined: ParticipantContext = participantContext({
  self: stock,
  input: { type: 'join', branch: id, resource: 'stock', coordinator: owner },
});

test('the answer to another operation is no yes, whatever it says', () => {
  const preparing = participant.at({ unprepared: 'preparing' }, joined);
  const { effects, snapshot } = participant.step(preparing, {
    type: 'performed',
    id: 'rollback/tx-1/stock',
    result: { type: 'done', value: { vote: 'yes', receipt: 'xid-7' } },
  });
  expect(snapshot.hasTag('in-doubt')).toBe(false);
  expect(effects).toEqual([]);
});

test('the first decision stays, even if another one is told', () => {
  const finishing = { ...joined, receipt: 'xid-7', outcome: 'committed', acknowledge: true } as const;
  const committing = participant.at({ finishing: { committing: 'asking' } }, finishing);
  const { effects, snapshot } = participant.step(committing, {
    type: 'decision',
    branch: id,
    resource: 'stock',
    outcome: 'aborted',
    receipt: null,
    coordinator: owner,
    acknowledge: true,
    from: owner,
  });
  expect(snapshot.context.outcome).toBe('committed');
  expect(effects).toEqual([]);
});

test('the first vote of a branch stays: a yes after a no commits nothing', () => {
  const branch = {
    branch: 'stock',
    address: stock,
    resource: 'stock',
    last: false,
    receipt: null,
    vote: 'no',
    acknowledged: false,
  } as const;
  const other = { ...branch, branch: 'orders', resource: 'orders', vote: 'awaited' } as const;
  const context = coordinatorContext(null, { self: owner, input: { type: 'begin' } });
  const collecting = coordinator.at({ undecided: { collecting: 'asking' } }, { ...context, branches: [other, branch] });
  const yes = { type: 'vote', branch: 'stock', vote: 'yes', receipt: 'xid', reason: '', from: stock } as const;
  const { snapshot } = coordinator.step(collecting, yes);
  expect(snapshot.context.branches.map(({ vote }) => vote)).toEqual(['awaited', 'no']);
});
