import { describe, expect, test } from 'vitest';
import { seededRandomness } from '../../src/environment/random.ts';
import {
  chained,
  constrainedElection,
  drawPartialPartition,
  quorumLoss,
} from '../../src/simulator/partial-partitions.ts';
import { allFaults, planRun } from '../../src/simulator/plan.ts';
import { run } from '../../src/simulator/run.ts';
import type { Scenario } from '../../src/simulator/scenario.ts';
import { type Fault, formatSchedule, nodeIds, parseSchedule, type Schedule } from '../../src/simulator/schedule.ts';
import { shrink } from '../../src/simulator/shrink.ts';
import { type LedgerApplication, ledgerScenario } from './ledger.ts';

const nodes = nodeIds(5);
const during = { atMs: 100, untilMs: 900 };

/** The pairs that still reach each other, both ways, at `atMs`. */
function pairsAt(faults: readonly Fault[], atMs: number): string[] {
  const cut = faults.flatMap((fault) =>
    fault.kind === 'partial-partition' && fault.atMs <= atMs && atMs < fault.untilMs ? fault.cut : [],
  );
  return nodes.flatMap((one, at) =>
    nodes
      .slice(at + 1)
      .flatMap((other) =>
        cut.includes(`${one}>${other}`) || cut.includes(`${other}>${one}`) ? [] : [`${one} ${other}`],
      ),
  );
}

describe('a partial partition', () => {
  test('of quorum loss leaves each node the hub alone', () => {
    expect(pairsAt(quorumLoss(nodes, 'n2', during), 100)).toEqual(['n1 n2', 'n2 n3', 'n2 n4', 'n2 n5']);
  });

  test('of a constrained election first keeps the hub from the leader, and then all but the leader from each other', () => {
    const faults = constrainedElection(nodes, 'n2', 'n5', during, 500);
    expect(pairsAt(faults, 499)).toEqual(pairsAt([], 0).filter((pair) => pair !== 'n2 n5'));
    expect(pairsAt(faults, 500)).toEqual(['n1 n2', 'n2 n3', 'n2 n4']);
    expect(pairsAt(faults, 900)).toEqual(pairsAt([], 0));
  });

  test('that is chained leaves each node its neighbours', () => {
    expect(pairsAt(chained(['n3', 'n1', 'n5', 'n2', 'n4'], during), 100)).toEqual(['n1 n3', 'n1 n5', 'n2 n4', 'n2 n5']);
  });

  test('is drawn as a link, in each of the three shapes, and as directed links; of one node there is none', () => {
    const shapes = new Set<string>();
    const random = seededRandomness(1).stream('links');
    for (let count = 0; count < 200; count += 1) {
      const faults = drawPartialPartition(nodes, during, random);
      const links = faults.flatMap(({ cut }) => cut);
      const isSymmetric = links.every((link) => links.includes(link.split('>').reverse().join('>')));
      shapes.add(isSymmetric ? `${faults.length} with ${pairsAt(faults, 899).length} pairs` : 'directed');
    }
    expect([...shapes]).toEqual(
      expect.arrayContaining(['1 with 9 pairs', '1 with 4 pairs', '2 with 3 pairs', 'directed']),
    );
    expect(drawPartialPartition(['n1'], during, random)).toEqual([]);
  });

  test('is drawn besides the faults that a seed has anyway', () => {
    const options = { scenario: 's', nodes: 5, faultyMs: 1_000, recoveryMs: 1, operations: [] };
    const plan = (seed: number, faults: typeof allFaults) =>
      planRun({ ...options, seed, faults }, seededRandomness(seed));
    const others = allFaults.filter((kind) => kind !== 'partial-partition');
    let drawn = 0;
    for (let seed = 1; seed <= 20; seed += 1) {
      const { faults, ...rest } = plan(seed, allFaults);
      drawn += faults.filter(({ kind }) => kind === 'partial-partition').length;
      expect({ ...rest, faults: faults.filter(({ kind }) => kind !== 'partial-partition') }).toEqual(
        plan(seed, others),
      );
    }
    expect(drawn).toBeGreaterThan(20);
  });
});

/** Fails when the last machine does not hear what the last but one sends at 150 ms. */
function whisperScenario(): Scenario<LedgerApplication> {
  const ledger = ledgerScenario();
  let isHeard = false;
  return {
    ...ledger,
    boot(boot) {
      const [speaker, listener] = boot.machines.slice(-2);
      const { clock } = boot.environment;
      boot.bus.envelopes().subscribe(() => {
        isHeard = true;
      });
      if (boot.id === speaker) {
        clock.setTimeout(
          () =>
            boot.bus.send({ from: `${speaker}/whisper/`, to: `${listener}/whisper/`, message: { type: 'whisper' } }),
          150,
        );
      }
      return ledger.boot(boot);
    },
    watch() {
      isHeard = false;
      return {
        check: ({ nowMs }) => (nowMs() > 200 && !isHeard ? 'the whisper was not heard' : undefined),
        goals: () => [],
      };
    },
  };
}

describe('a schedule with partial partitions', () => {
  const schedule: Schedule = {
    version: 1,
    scenario: 'ledger',
    seed: 1,
    nodes: 5,
    faultyMs: 1_000,
    recoveryMs: 5_000,
    quorum: [...nodes],
    faults: [...quorumLoss(nodes, 'n2', during), ...chained(nodes, { atMs: 600, untilMs: 700 })],
    operations: [{ client: 1, atMs: 300, node: 'n1', operation: 1 }],
    links: {},
    delayMs: 1,
  };

  test('is shrunk to the one direction of the one link that matters', () => {
    const scenario = whisperScenario();
    const shrunk = shrink(run(scenario, schedule), {
      replay: (candidate) => run(scenario, candidate),
      minNodes: 2,
      maxReplays: 500,
    });
    expect(shrunk?.schedule).toMatchObject({ nodes: 2, faults: [{ kind: 'partial-partition', cut: ['n1>n2'] }] });
    expect(run(scenario, { ...schedule, faults: [] }).violation).toBeUndefined();
  });

  test('reads back as what was written, and is refused where a link is none', () => {
    expect(parseSchedule(formatSchedule(schedule))).toEqual(schedule);
    const odd = formatSchedule(schedule).replaceAll('n1>n3', 'n1-n3');
    expect(() => parseSchedule(odd)).toThrow(/malformed at faults\.0\.cut\.0/);
  });
});
