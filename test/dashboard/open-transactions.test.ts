import { expect, test } from 'vitest';
import type { Shown } from '../../src/dashboard/feed.ts';
import { openTransactions } from '../../src/dashboard/model/open-transactions.ts';
import { Timeline } from '../../src/dashboard/model/timeline.ts';
import type { Address } from '../../statecharts/actor.ts';
import { head } from './feeds.ts';
import { historyOf, momentsOf } from './standing.ts';

/** A coordinator of transaction `key` at `n1`, born at `atMs`. */
const coordinator = (key: string, atMs: number, value: unknown, context: object = {}): Shown => ({
  type: 'actor',
  node: 'n1',
  atMs,
  actor: `n1/2pc.coordinator/${key}`,
  chart: '2pc.coordinator',
  value,
  context: { transaction: key, outcome: null, ...context },
});

/** The participant of that transaction at `n2`. */
const participant = (key: string, atMs: number, value: unknown): Shown => ({
  type: 'actor',
  node: 'n2',
  atMs,
  actor: `n2/2pc.participant/${key}/orders`,
  chart: '2pc.participant',
  value,
  context: { branch: { transaction: key, branch: 'orders' }, coordinator: `n1/2pc.coordinator/${key}` },
});

const branch = (resource: string, vote: string, acknowledged = false) => {
  const address: Address = `n2/2pc.participant/t/${resource}`;
  return { branch: resource, resource, address, vote, acknowledged };
};

const openAt = (atMs: number, items: readonly Shown[]) => {
  const timeline = new Timeline();
  timeline.add([head, ...items]);
  return openTransactions(timeline.at(timeline.end), atMs).map(
    ({ transaction, node, phase, ageMs, waitsFor }) =>
      `${transaction} ${node} ${phase} ${ageMs} ${waitsFor.join(', ')}`,
  );
};

const branches = [branch('orders', 'yes'), branch('stock', 'awaited'), branch('prices', 'read-only')];
const asking = (phase: string) => ({ undecided: { [phase]: 'asking' } });

test('a transaction waits for the application, then for the votes that are missing, then for what is not acknowledged', () => {
  expect(openAt(150, [coordinator('t', 100, { undecided: 'active' }, { branches })])).toEqual(['t n1 active 50 ']);
  expect(openAt(150, [coordinator('t', 100, asking('collecting'), { branches })])).toEqual([
    't n1 collecting 50 stock at n2',
  ]);
  const telling = { decided: { committing: 'telling' } };
  const decided = coordinator('t', 100, telling, { branches, outcome: 'committed' });
  expect(openAt(150, [decided])).toEqual(['t n1 committed 50 orders at n2, stock at n2']);
});

test('where a register or acceptors decide, they are waited for', () => {
  const voted = [branch('orders', 'yes')];
  const waits = (phase: string) => openAt(1, [coordinator('t', 0, asking(phase), { branches: voted })]);
  expect(waits('registering')).toEqual(['t n1 registering 1 the decision register']);
  expect(waits('ruling')).toEqual(['t n1 ruling 1 the decision register']);
  const ending = coordinator('t', 0, { decided: { ending: 'asking' } }, { branches: voted, outcome: 'committed' });
  expect(openAt(1, [ending])).toEqual(['t n1 committed 1 the decision register']);
  expect(waits('leading')).toEqual(['t n1 leading 1 the acceptors']);
  expect(waits('polling')).toEqual(['t n1 polling 1 the acceptors']);
  expect(waits('delegating')).toEqual(['t n1 delegating 1 the last resource']);
});

test('one that only answers those who ask is not open', () => {
  const retained = coordinator('t1', 0, { decided: 'retained' }, { branches, outcome: 'aborted' });
  expect(openAt(9, [retained, coordinator('t2', 0, { presuming: 'listening' })])).toEqual([]);
});

test('the oldest come first', () => {
  const items = [coordinator('young', 20, { undecided: 'active' }), coordinator('old', 10, { undecided: 'active' })];
  expect(openAt(30, items)).toEqual(['old n1 active 20 ', 'young n1 active 10 ']);
});

test('a participant in doubt shows where its coordinator is not to be seen, and waits for that', () => {
  const doubt = participant('t', 10, { inDoubt: 'asking' });
  expect(openAt(30, [doubt])).toEqual(['t n2 in doubt 20 n1/2pc.coordinator/t']);
  expect(openAt(30, [doubt, coordinator('t', 5, { undecided: 'active' })])).toEqual(['t n1 active 25 ']);
  expect(openAt(30, [participant('t', 10, 'working')])).toEqual([]);
});

test.each(['2pc-register', '2pc-paxos'])(
  'transactions of a run of %s come and go, each through phases that have names',
  async (name) => {
    const timeline = await historyOf(name, 3, ['crash']);
    const phases = new Set<string>();
    const waited = new Set<string>();
    let most = 0;
    for (const { atMs, moment } of momentsOf(timeline)) {
      const open = openTransactions(moment, atMs);
      most = Math.max(most, open.length);
      for (const { phase, waitsFor, ageMs } of open) {
        phases.add(phase);
        for (const one of waitsFor) waited.add(one.replace(/ at n\d$/, ' at a node'));
        expect(ageMs).toBeGreaterThanOrEqual(0);
      }
    }
    expect(most).toBeGreaterThan(1);
    expect(phases).not.toContain('');
    expect(phases).not.toContain('undecided');
    for (const phase of ['active', 'committed', 'aborted']) expect(phases).toContain(phase);
    expect(waited).toContain('checking at a node');
    expect(waited).toContain(name === '2pc-paxos' ? 'the acceptors' : 'the decision register');
  },
);
