/** What every replicated log promises, whichever protocol keeps it: the suite that each of them runs. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LogStarter } from '../../../../src/services/store/log/replicated-log.ts';
import { type MakeLab, Witness } from './lab.ts';

const nodes = ['n1', 'n2', 'n3'] as const;
const node = fc.constantFrom(...nodes);

type Step =
  | { readonly type: 'propose'; readonly node: string | undefined; readonly count: number }
  | { readonly type: 'read' | 'crash' | 'start'; readonly node: string | undefined }
  | { readonly type: 'handOver'; readonly node: string | undefined; readonly to: string | undefined }
  | { readonly type: 'isolate'; readonly nodes: readonly string[] }
  | { readonly type: 'pass'; readonly ms: number };

/** Without a node: the leader, if there is one. */
const mostlyLeader = fc.option(node, { nil: undefined, freq: 2 });
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('propose' as const),
        node: mostlyLeader,
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('read' as const), node: mostlyLeader }) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('handOver' as const),
        node: mostlyLeader,
        to: fc.option(fc.constantFrom(...nodes, 'n9'), { nil: undefined }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('crash' as const), node: mostlyLeader }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('start' as const), node }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('isolate' as const), nodes: fc.subarray([...nodes]) }) },
    {
      weight: 6,
      arbitrary: fc.record({ type: fc.constant('pass' as const), ms: fc.constantFrom(0, 1, 5, 50, 3_000) }),
    },
  ),
  { minLength: 10, maxLength: 60 },
);

function run(witness: Witness, step: Step): void {
  const { lab } = witness;
  const at = 'node' in step ? (step.node ?? witness.leader()) : undefined;
  if (step.type === 'isolate') lab.isolate(step.nodes);
  else if (step.type === 'pass') lab.clock.advance(step.ms);
  else if (at === undefined) return;
  else if (step.type === 'propose') witness.propose(at, step.count);
  else if (step.type === 'handOver') witness.handOver(at, step.to);
  else witness[step.type](at);
}

/** Heals everything, and waits until all servers have all there is, something new included. */
function recover(witness: Witness): void {
  const { clock } = witness.lab;
  witness.lab.isolate([]);
  for (const each of nodes) witness.start(each);
  for (let round = 0; round < 40; round += 1) {
    const leader = witness.leader();
    if (leader !== undefined) {
      witness.propose(leader, 1);
      const value = witness.lastValue;
      clock.advance(2_000);
      if (witness.isCommitted(value) && witness.isLevel()) return;
    }
    clock.advance(1_000);
  }
  throw new Error('all servers were up and connected, and did not come level with each other');
}

async function follow(make: MakeLab, seed: number, plan: readonly Step[], wrap?: (starter: LogStarter) => LogStarter) {
  const witness = new Witness(make(seed, wrap));
  try {
    witness.lab.clock.advance(3_000);
    for (const step of plan) run(witness, step);
    recover(witness);
    witness.finish();
    return witness.seen;
  } finally {
    await witness.lab.close();
  }
}

/** A cluster in health, and the node that leads it. */
function healthy(make: MakeLab): { readonly witness: Witness; readonly leader: string; readonly other: string } {
  const witness = new Witness(make(3));
  witness.lab.clock.advance(3_000);
  const leader = witness.leader();
  const other = nodes.find((it) => it !== leader);
  if (leader === undefined || other === undefined) throw new Error('expected a leader, and another node');
  return { witness, leader, other };
}

/** The same, some time after the other node was cut off. */
function withoutOne(make: MakeLab): ReturnType<typeof healthy> {
  const { witness, other } = healthy(make);
  witness.lab.isolate([other]);
  witness.lab.clock.advance(2_000);
  const leader = witness.leader();
  if (leader === undefined) throw new Error('expected a leader while one of three is cut off');
  return { witness, leader, other };
}

/** Less than the time in which a leader is missed: a hand-over is done within some round trips. */
const soonMs = 100;

function testHandOver(make: MakeLab): void {
  test('hands over to the node that is named, within some round trips, and loses nothing', async () => {
    const { witness, leader, other } = healthy(make);
    witness.propose(leader, 3);
    const value = witness.lastValue;
    const asked = witness.handOver(leader, other);
    witness.lab.clock.advance(soonMs);
    expect(witness.answerOf(asked)).toBe('handed over');
    expect(witness.leader()).toBe(other);
    witness.propose(other, 1);
    witness.lab.clock.advance(2_000);
    expect(witness.isCommitted(value)).toBe(true);
    expect(witness.isCommitted(witness.lastValue)).toBe(true);
    expect(witness.leader()).toBe(other);
    witness.finish();
    await witness.lab.close();
  });

  test('hands over to some node that it hears, when none is named', async () => {
    const { witness, leader, other } = withoutOne(make);
    const rest = nodes.filter((it) => it !== other && it !== leader);
    const asked = witness.handOver(leader);
    witness.lab.clock.advance(soonMs);
    expect(witness.answerOf(asked)).toBe('handed over');
    expect(witness.leader()).toBe(rest[0]);
    recover(witness);
    witness.finish();
    await witness.lab.close();
  });

  test('says why it does not hand over, and leads on', async () => {
    const { witness, leader, other } = healthy(make);
    const asked = [
      witness.handOver(other, leader),
      witness.handOver(leader, leader),
      witness.handOver(leader, 'n9'),
      witness.handOver(leader, other),
      witness.handOver(leader, other),
    ];
    witness.lab.clock.advance(soonMs);
    const answers = asked.map((id) => witness.answerOf(id));
    expect(answers).toEqual(['not-leader', 'leads-already', 'not-a-voter', 'handed over', 'under-way']);
    witness.finish();
    await witness.lab.close();
  });

  test('refuses proposals while it hands over, and takes them again when the node that is named does not answer', async () => {
    const { witness, leader, other } = withoutOne(make);
    const asked = witness.handOver(leader, other);
    witness.propose(leader, 1);
    witness.lab.clock.advance(soonMs);
    expect(witness.seen.refused).toBe(1);
    expect(witness.answerOf(asked)).toBeUndefined();
    witness.lab.clock.advance(1_000);
    expect(witness.answerOf(asked)).toMatch(/target-behind|timed-out/);
    expect(witness.leader()).toBe(leader);
    witness.propose(leader, 1);
    witness.lab.clock.advance(soonMs);
    expect(witness.isCommitted(witness.lastValue)).toBe(true);
    recover(witness);
    witness.finish();
    await witness.lab.close();
  });
}

/** Runs the suite on a log. */
export function testLog(name: string, make: MakeLab): void {
  describe(`a log ${name}`, () => {
    test('keeps its word under crashes, restarts and partitions', { timeout: 600_000 }, async () => {
      const sums = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 10_000 }), steps, async (seed, plan) => {
          const seen = Object.entries(await follow(make, seed, plan));
          for (const [what, count] of seen) sums.set(what, (sums.get(what) ?? 0) + count);
        }),
        { numRuns: 150, seed: 7 },
      );
      // A log that must lose nothing has lost nothing, or its witness would have said so.
      if (make(1).maxLoss === undefined) sums.delete('lost');
      for (const [what, count] of sums) expect(count, what).toBeGreaterThan(0);
    });

    test('goes on while a minority is cut off, and refuses there', async () => {
      const witness = new Witness(make(3));
      const { lab } = witness;
      lab.clock.advance(3_000);
      const minority = witness.leader() ?? 'n1';
      lab.isolate([minority]);
      lab.clock.advance(6_000);
      const others = nodes.filter((it) => it !== minority);
      for (const other of others) witness.propose(other, 2);
      lab.clock.advance(1_000);
      expect(witness.seen.placed).toBe(1);
      expect(witness.seen.refused).toBe(1);
      recover(witness);
      witness.finish();
      await lab.close();
    });

    testHandOver(make);
  });
}

/** Runs the suite's witness on a log that is spoilt, which must be found out. */
export async function isFoundOut(make: MakeLab, wrap: (starter: LogStarter) => LogStarter): Promise<boolean> {
  const { failed } = await fc.check(
    fc.asyncProperty(fc.integer({ min: 1, max: 10_000 }), steps, async (seed, plan) => {
      await follow(make, seed, plan, wrap);
    }),
    { numRuns: 60, seed: 7, endOnFailure: true },
  );
  return failed;
}
