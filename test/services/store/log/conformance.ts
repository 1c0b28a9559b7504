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

/** Runs the suite on a log. */
export function testLog(name: string, make: MakeLab): void {
  describe(`a log ${name}`, () => {
    test('keeps its word under crashes, restarts and partitions', { timeout: 120_000 }, async () => {
      const sums = { placed: 0, refused: 0, readable: 0, committed: 0, restored: 0, superseded: 0 };
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 10_000 }), steps, async (seed, plan) => {
          const seen = await follow(make, seed, plan);
          for (const key of ['placed', 'refused', 'readable', 'committed', 'restored', 'superseded'] as const) {
            sums[key] += seen[key];
          }
        }),
        { numRuns: 150, seed: 7 },
      );
      for (const [what, count] of Object.entries(sums)) expect(count, what).toBeGreaterThan(0);
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
