/** Feeds of simulated runs, for tests. */

import { expect } from 'vitest';
import type { FeedItem, Shown } from '../../src/dashboard/feed.ts';
import { recordRun } from '../../src/dashboard/record-run.ts';
import { type RunRequest, runFeed } from '../../src/dashboard/run-feed.ts';
import type { Protocol } from '../../src/proof/protocol.ts';
import { protocols } from '../../src/proof/protocols.ts';
import { planSeed } from '../../src/simulator/plan.ts';
import type { FaultKind, Schedule } from '../../src/simulator/schedule.ts';
import { nodeOf } from '../../statecharts/actor.ts';

export const protocol = (name: string): Protocol => {
  const found = protocols.find((it) => it.name === name);
  if (found === undefined) throw new Error(`there is no protocol ${name}`);
  return found;
};
export const planned = (of: Protocol, seed: number, faults: readonly FaultKind[] = [], nodes = 3): Schedule =>
  planSeed(of.scenario(), { seed, nodes, faults, faultyMs: 3_000 });

export const itemsOf = (request: RunRequest): readonly FeedItem[] => [...runFeed(request)].flat();
export const shownOf = (items: readonly FeedItem[]): readonly Shown[] =>
  items.filter((item): item is Shown => item.type !== 'head');
export const ofType = <const Type extends Shown['type']>(items: readonly FeedItem[], type: Type) =>
  items.filter((item): item is Shown & { readonly type: Type } => item.type === type);

export const faulty = { drawsFates: true, isNetworkFaulty: true } as const;

/** Holds a run of a protocol to it that each message of an actor names the steps that sent it and took it in. */
export async function expectPaired(name: string): Promise<void> {
  const of = protocol(name);
  const schedule = planned(of, 3, ['crash', 'pause', 'isolate']);
  const { recording } = await recordRun({ protocol: of, schedule, ...faulty });
  const steps = new Map(ofType(recording.items, 'step').map((step) => [step.id, step]));
  const sent = new Map(ofType(recording.items, 'sent').map((item) => [item.id, item]));
  expect(steps.size).toBeGreaterThan(50);
  expect(sent.size).toBeGreaterThan(10);
  const actors = new Set([...steps.values()].map(({ actor }) => actor));
  for (const item of sent.values()) {
    const step = item.step === undefined ? undefined : steps.get(item.step);
    // What no step sent was sent by a service, which is no actor.
    expect([item, step !== undefined]).toEqual([item, actors.has(item.from)]);
    if (step !== undefined) expect([step.actor, step.atMs <= item.atMs]).toEqual([item.from, true]);
  }
  for (const step of steps.values()) {
    if (nodeOf(step.from) === step.node) {
      expect(step.sent).toBeUndefined();
      continue;
    }
    const item = sent.get(step.sent ?? '');
    expect(item).toMatchObject({ from: step.from, to: step.actor, message: step.cause });
    expect(item?.atMs).toBeLessThan(step.atMs);
  }
  for (const item of ofType(recording.items, 'lost')) {
    if (item.sent !== undefined) expect(sent.get(item.sent)).toMatchObject({ from: item.from, to: item.to });
  }
}
