import { describe, expect, test } from 'vitest';
import { compare } from '../../src/compare/compare.ts';
import type { FaultCell } from '../../src/compare/comparison.ts';
import { drawFault, type FaultName, faultNames, planFault, times } from '../../src/compare/faults.ts';
import { methodNamed } from '../../src/compare/methods.ts';
import { seededRandomness } from '../../src/environment/random.ts';

const timeout = 300_000;

type Cell = Exclude<FaultCell, { readonly notApplicable: string }>;

/** What came of one run of a method with each of `faults`. */
async function cellsOf(name: string, faults: readonly FaultName[], seed = 1): Promise<ReadonlyMap<string, Cell>> {
  const { methods } = await compare({ seed, runs: 1, methods: [methodNamed(name)], faults });
  return new Map(
    methods.flatMap((method) =>
      method.faults.flatMap((it) => ('notApplicable' in it ? [] : [[it.fault, it] as const])),
    ),
  );
}

describe('without replication', () => {
  test('every fault that stops the one machine makes it unavailable for as long as it lasts', { timeout }, async () => {
    const stopping: readonly FaultName[] = ['crash', 'pause', 'disk-stall', 'full-partition', 'asymmetric-loss'];
    for (const [fault, cell] of await cellsOf('none', stopping)) {
      expect([fault, cell.unavailableMs.median > times.faultLengthMs - 100]).toEqual([fault, true]);
      expect([fault, cell.integrity.lost]).toEqual([fault, 0]);
    }
  });

  test('a partition of one link takes the service from one machine, and a drift of a clock from none', {
    timeout,
  }, async () => {
    const cells = await cellsOf('none', ['partial-partition', 'clock-drift']);
    const partial = cells.get('partial-partition')?.ends;
    expect((partial?.failed ?? 0) + (partial?.unknown ?? 0)).toBeGreaterThan(0);
    expect(partial?.succeeded).toBeGreaterThan(0);
    expect(cells.get('clock-drift')?.ends).toMatchObject({ failed: 0, unknown: 0 });
  });

  test('with its zone all data are lost that were acknowledged', { timeout }, async () => {
    const lost = (await cellsOf('none', ['zone-loss'])).get('zone-loss');
    expect(lost?.integrity.acknowledged).toBeGreaterThan(0);
    expect(lost?.integrity.lost).toBe(lost?.integrity.acknowledged);
    expect(lost?.recoveryMs).toMatchObject({ notApplicable: expect.any(String) });
  });
});

describe('copies', () => {
  test('that are held before a write is acknowledged lose nothing when a zone is lost', { timeout }, async () => {
    for (const name of ['primary-backup-sync', 'raft']) {
      const cell = (await cellsOf(name, ['zone-loss'])).get('zone-loss');
      expect(cell?.integrity).toMatchObject({ lost: 0, unreadable: 0 });
      expect(cell?.recovered).toBe(1);
      expect(cell?.consistency.linearizable.satisfied).toBe(1);
    }
  });

  test('that are held afterwards lose some where the primary is cut off, which clients see', { timeout }, async () => {
    const cell = (await cellsOf('primary-backup-async', ['full-partition'])).get('full-partition');
    expect(cell?.integrity.lost).toBeGreaterThan(0);
    expect(cell?.consistency.linearizable.violation).toBe(1);
  });
});

test('two-phase commit blocks while its coordinator is down, and a register lets others take over', {
  timeout,
}, async () => {
  const journal = (await cellsOf('2pc-journal', ['crash'])).get('crash');
  const register = (await cellsOf('2pc-register', ['crash'])).get('crash');
  expect(journal?.blocked).toBeGreaterThan(0);
  expect(journal?.unavailableMs.median).toBeGreaterThan(times.faultLengthMs - 100);
  expect(register?.unavailableMs.median).toBeLessThan(times.faultLengthMs / 2);
});

describe('the plan of a fault', () => {
  const drawn = drawFault(seededRandomness(1));
  const servers = [
    { name: 'beside', zone: 'n1', isOnMachine: true },
    { name: 'apart', zone: 'n1', isOnMachine: false },
    { name: 'elsewhere', zone: 'n2', isOnMachine: false },
  ];
  const planned = (kind: FaultName) => planFault(kind, drawn, { victim: 'n1', servers, operations: [] });
  const during = (kind: FaultName) => planned(kind).links(() => planned(kind).atMs + 1);

  test('is at the same times for every kind, and strikes the machine that serves', () => {
    const times = new Set(faultNames.map((kind) => planned(kind).atMs));
    expect(times.size).toBe(1);
    for (const kind of faultNames) expect(JSON.stringify(planned(kind).faults)).toContain('n1');
  });

  test('cuts the ways to servers as it cuts those to machines', () => {
    expect(during('full-partition').isCut('n1', 'elsewhere')).toBe(true);
    expect(during('full-partition').isCut('n1', 'apart')).toBe(true);
    expect(during('full-partition').isCut('n1', 'beside')).toBe(false);
    expect(during('full-partition').isCut('beside', 'n2')).toBe(true);
    expect(during('asymmetric-loss').isCut('elsewhere', 'n1')).toBe(true);
    expect(during('asymmetric-loss').isCut('n1', 'elsewhere')).toBe(false);
    expect(during('crash').isCut('n1', 'elsewhere')).toBe(false);
    const { links, untilMs } = planned('full-partition');
    expect(links(() => untilMs).isCut('n1', 'elsewhere')).toBe(false);
  });

  test('takes with a zone all that is in it, and with a machine what is on it', () => {
    expect(planned('zone-loss').lost).toEqual(['n1', 'beside', 'apart']);
    expect(planned('zone-loss').survivors).toEqual(['n2', 'n3']);
    expect(planned('crash').lost).toEqual([]);
    expect(JSON.stringify(planned('crash').faults)).not.toContain('apart');
  });
});
