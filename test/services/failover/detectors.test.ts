import { expect, test } from 'vitest';
import { answerDetectors, type DetectorWatch, type OpinionChange, watch } from '../../../src/services/failover.ts';
import { createCluster } from '../agreement/cluster.ts';

const ids = ['n1', 'n2', 'n3', 'n4'];

/** Four nodes that all watch n4, or each other, on virtual time. */
function createWatchers() {
  const cluster = createCluster(1, ids);
  const told: OpinionChange[] = [];
  const start = (id: string): DetectorWatch => {
    const node = cluster.node(id);
    answerDetectors(node);
    const seen = watch(node, {
      targets: ids.filter((it) => it !== id),
      detectors: ids,
      estimator: { kind: 'phi', threshold: 8, windowSize: 50, minDeviationMs: 20, firstIntervalMs: 100 },
      clock: cluster.clock,
    });
    seen.changes.subscribe({ next: (change) => told.push(change) });
    return seen;
  };
  const watches = new Map(ids.map((id) => [id, start(id)]));
  const of = (id: string): DetectorWatch => {
    const found = watches.get(id);
    if (found === undefined) throw new Error(`${id} watches nobody`);
    return found;
  };
  return {
    ...cluster,
    told,
    of,
    opinionsOf: (target: string) => ids.flatMap((id) => (id === target ? [] : (of(id).opinionOf(target) ?? 'none'))),
    restartNode(id: string): void {
      cluster.restart(id);
      watches.set(id, start(id));
    },
    cutBoth(one: string, other: string): void {
      cluster.cut(one, other);
      cluster.cut(other, one);
    },
  };
}

test('nodes that answer are trusted, and nothing is told of them', () => {
  const watchers = createWatchers();
  watchers.clock.advance(10_000);
  expect(watchers.told).toEqual([]);
  expect(watchers.of('n1').opinionOf('n4')).toBe('trusted');
  expect(watchers.of('n1').opinionOf('n9')).toBeUndefined();
  expect(watchers.of('n1').qualityOf('n4')).toEqual({
    detections: 0,
    detectionMs: null,
    mistakes: 0,
    mistakeRecurrenceMs: null,
    mistakeDurationMs: null,
    queryAccuracy: 1,
    stalls: 0,
    stalledMs: 0,
    health: 0,
  });
});

test('a dead node is suspected, and confirmed by all with the quorum and the reason', () => {
  const watchers = createWatchers();
  watchers.clock.advance(5_000);
  watchers.crash('n4');
  watchers.clock.advance(3_000);
  expect(watchers.opinionsOf('n4')).toEqual(['confirmed', 'confirmed', 'confirmed']);
  const byFirst = watchers.told.filter(({ by }) => by === 'n1/fault-detector/n4');
  expect(byFirst.map(({ opinion }) => opinion)).toEqual(['suspected', 'confirmed']);
  expect(byFirst[0]?.why).toMatchObject({ type: 'silent', asked: 2, relayed: 2 });
  expect(byFirst[1]?.why.type === 'quorum' && byFirst[1].why.of.length).toBeGreaterThanOrEqual(2);
  expect(watchers.of('n1').standing()).toEqual([byFirst[1]]);
});

test('a node that starts again recovers, is trusted again, and its crash counts as detected', () => {
  const watchers = createWatchers();
  watchers.clock.advance(5_000);
  watchers.crash('n4');
  watchers.clock.advance(3_000);
  watchers.restartNode('n4');
  watchers.clock.advance(2_000);
  expect(watchers.opinionsOf('n4')).toEqual(['trusted', 'trusted', 'trusted']);
  const recovered = watchers.told.find(({ opinion }) => opinion === 'recovered');
  expect(recovered).toMatchObject({ watched: 'n4', life: 2, why: { type: 'restarted' } });
  const quality = watchers.of('n1').qualityOf('n4');
  expect(quality).toMatchObject({ detections: 1, mistakes: 0, queryAccuracy: 1 });
  expect(quality?.detectionMs).toBeLessThan(1_000);
});

test('a node that is reached only through others is not suspected (SWIM §3.1)', () => {
  const watchers = createWatchers();
  watchers.clock.advance(5_000);
  watchers.cutBoth('n1', 'n4');
  watchers.clock.advance(10_000);
  expect(watchers.told).toEqual([]);
});

test('a detector that is alone with its suspicion confirms nothing, and learns that it was mistaken', () => {
  const watchers = createWatchers();
  watchers.clock.advance(5_000);
  for (const other of ['n2', 'n3', 'n4']) watchers.cutBoth('n1', other);
  watchers.clock.advance(10_000);
  expect(['n2', 'n3', 'n4'].map((target) => watchers.of('n1').opinionOf(target))).toEqual([
    'suspected',
    'suspected',
    'suspected',
  ]);
  expect(watchers.opinionsOf('n1')).toEqual(['confirmed', 'confirmed', 'confirmed']);
  expect(watchers.of('n2').opinionOf('n4')).toBe('trusted');
  watchers.heal();
  watchers.clock.advance(2_000);
  const quality = watchers.of('n1').qualityOf('n4');
  expect(quality).toMatchObject({ detections: 0, mistakes: 1, mistakeRecurrenceMs: null });
  expect(quality?.mistakeDurationMs).toBeGreaterThan(9_000);
  expect(quality?.queryAccuracy).toBeLessThan(0.5);
});

test('the changes complete as the node stops', () => {
  const watchers = createWatchers();
  let isComplete = false;
  watchers.of('n1').changes.subscribe({
    complete: () => {
      isComplete = true;
    },
  });
  watchers.crash('n1');
  watchers.clock.advance(1_000);
  expect(isComplete).toBe(true);
});
