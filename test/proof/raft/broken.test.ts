import { expect, test } from 'vitest';
import { renderTrace } from '../../../src/checker.ts';
import { raft } from '../../../src/proof/raft/protocol.ts';

test('the checker tells how two servers come to lead one term when one vote less than a majority elects', () => {
  const { properties } = raft.check({}, {}, 'one vote less than a majority elects');
  const trace = properties.find(({ name }) => name === 'election safety')?.trace;
  const [one, other] = ['n1/raft.server/kv', 'n2/raft.server/kv'];
  expect(
    trace?.steps.map(({ type, ...step }) => [type, 'actor' in step ? step.actor : 'from' in step && step.from]),
  ).toEqual([
    ['timer', one],
    ['local', one],
    ['timer', other],
    ['local', other],
  ]);
  expect(trace === undefined ? '' : renderTrace(trace)).toContain(`- ${other} is now leader`);
});
