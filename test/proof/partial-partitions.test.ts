import { describe, expect, test } from 'vitest';
import { provenLogs } from '../../src/proof/logs.ts';
import { cutMs, measureOutage, shapes } from '../../src/proof/store/partial-partitions.ts';

const outageOf = (protocol: keyof typeof provenLogs, shape: (typeof shapes)[number]) => {
  const { electionTimeoutMs, scenario } = provenLogs[protocol];
  const { nextWriteMs, longestPauseMs } = measureOutage(scenario(), shape, 1_000);
  return { timeouts: (nextWriteMs ?? Infinity) / electionTimeoutMs, longestPauseMs };
};

describe('while single links are cut', { timeout: 600_000 }, () => {
  test.each(shapes)('Multi-Paxos writes again within four election timeouts: $name of $nodes servers', (shape) => {
    expect(outageOf('paxos', shape).timeouts).toBeLessThan(4);
  });

  test('Raft elects no leader where the one server that a quorum sees has a stale log', () => {
    const [shape] = shapes.filter(({ name }) => name === 'constrained election');
    if (shape === undefined) throw new Error('there is no such shape');
    expect(outageOf('raft', shape)).toEqual({ timeouts: Infinity, longestPauseMs: cutMs });
  });
});
