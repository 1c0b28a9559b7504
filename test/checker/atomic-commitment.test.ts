import { expect, test } from 'vitest';
import { type CheckResult, check } from '../../src/checker.ts';
import { type AtomicCommitmentOptions, atomicCommitment } from './models/atomic-commitment.ts';

const failing = ({ properties }: CheckResult): readonly string[] =>
  properties.flatMap(({ name, verdict }) =>
    verdict === 'holds' || verdict === 'reached' ? [] : [`${name}: ${verdict}`],
  );
const checked = (options: AtomicCommitmentOptions): CheckResult =>
  check(atomicCommitment(options), { keepGoing: true });

// The states are as many as TLC finds for ACP_SB with 3 participants, and for ACP_NB with 2, and as deep.
test.each([
  { participants: 2, states: 1_832, depth: 15 },
  { participants: 3, states: 54_944, depth: 21 },
])(
  'with a simple broadcast, participants may wait for ever for a dead coordinator: %j',
  ({ participants, ...counts }) => {
    const result = checked({ participants, broadcast: 'simple' });
    expect(result).toMatchObject(counts);
    expect(failing(result)).toEqual(['AC5: all decide that do not die: violated']);
    const blocked = result.properties.at(-1)?.trace;
    expect(blocked?.loopFrom).toBeUndefined();
    expect(blocked?.steps).toContainEqual({ type: 'request', actor: 'c/acp.coordinator/', request: { type: 'die' } });
  },
);

test('with a non-blocking one, they decide whatever dies', () => {
  const result = checked({ participants: 2, broadcast: 'non-blocking' });
  expect(result).toMatchObject({ ok: true, complete: true, states: 4_284, depth: 19 });
});

test('a participant that decides before it has handed on what it was told lets another decide otherwise', () => {
  const result = checked({ participants: 2, broadcast: 'non-blocking', isHasty: true });
  expect(failing(result)).toContain('AC1: no two decide differently: violated');
});
