/**
 * Forks: a run that goes another way from some moment on, because a person ordered faults. A schedule with edits is a
 * schedule again; until the first edit the run is the same to the last item, since no fault draws anything before it begins.
 */

import { QuorateError } from '../../statecharts/actor.ts';
import { healthyDisk } from '../simulator/disk.ts';
import { type Fault, nodeIds, type Schedule } from '../simulator/schedule.ts';
import type { FaultOrder } from './feed.ts';

/** A fault that is ordered for a moment of a run. */
export interface Edit {
  /** In virtual milliseconds. */
  readonly atMs: number;
  readonly order: FaultOrder;
}

/** A schedule with edits. */
export interface Forked {
  readonly schedule: Schedule;
  /** Those of its faults that were ordered. */
  readonly ordered: ReadonlySet<Fault>;
}

/** An edit that cannot be made to a schedule. */
export class ForkError extends QuorateError {
  readonly code = 'FORK';
}

/** So long a node is down that is restarted while it is up, in milliseconds. */
const restartMs = 1;

/** More edits than these are not made by hand. */
const maxEdits = 100;

/**
 * The schedule with `edits`, in the order of their times; those of one moment in the order given. What is ordered lasts
 * until something ends it, or the run heals.
 *
 * @throws ForkError for a moment after the faults of the run, a node that it does not have, or too many edits
 */
export function fork(schedule: Schedule, edits: readonly Edit[]): Forked {
  if (edits.length > maxEdits) throw new ForkError(`expected at most ${maxEdits} edits, got ${edits.length}`);
  for (const edit of edits) assertPossible(schedule, edit);
  const inOrder = edits.toSorted((a, b) => a.atMs - b.atMs);
  let faults: readonly Fault[] = schedule.faults;
  let ordered: ReadonlySet<Fault> = new Set();
  for (const { atMs, order } of inOrder) {
    const ends = (fault: Fault): boolean => fault.atMs <= atMs && fault.untilMs > atMs && isEndedBy(fault, order);
    const shortened = new Map(faults.filter(ends).map((fault) => [fault, { ...fault, untilMs: atMs }]));
    const isDown = shortened.size > 0;
    const begun = begunBy(order, atMs, schedule.faultyMs, isDown);
    ordered = new Set([...[...ordered].map((fault) => shortened.get(fault) ?? fault), ...begun]);
    faults = [...faults.map((fault) => shortened.get(fault) ?? fault), ...begun];
  }
  return { schedule: { ...schedule, faults }, ordered };
}

function assertPossible({ nodes, faultyMs }: Schedule, { atMs, order }: Edit): void {
  if (!(atMs >= 0 && atMs < faultyMs)) {
    throw new ForkError(`expected a moment from 0 to below ${faultyMs} ms, when the run heals, got ${atMs} ms`);
  }
  const known = nodeIds(nodes);
  const unknown = namedBy(order).find((node) => !known.includes(node));
  if (unknown !== undefined) throw new ForkError(`expected one of ${known.join(', ')}, got node '${unknown}'`);
}

function namedBy(order: FaultOrder): readonly string[] {
  if ('node' in order) return [order.node];
  if ('from' in order) return [order.from, order.to];
  return order.fault === 'split' ? order.groups.flat() : [];
}

const downs: readonly Fault['kind'][] = ['crash', 'wipe', 'rollback'];

/** Whether `order` ends a fault that is there. */
function isEndedBy(fault: Fault, order: FaultOrder): boolean {
  switch (order.fault) {
    case 'restart':
      return 'node' in fault && fault.node === order.node && downs.includes(fault.kind);
    case 'resume':
      return fault.kind === 'pause' && fault.node === order.node;
    case 'heal':
      return !(downs.includes(fault.kind) || fault.kind === 'pause' || fault.kind === 'drift');
    default:
      return false;
  }
}

/** The faults that begin with an order. */
function begunBy(order: FaultOrder, atMs: number, untilMs: number, isDown: boolean): readonly Fault[] {
  const times = { atMs, untilMs };
  switch (order.fault) {
    case 'kill':
      return [{ kind: 'crash', ...times, node: order.node }];
    case 'restart':
      return isDown ? [] : [{ kind: 'crash', atMs, untilMs: atMs + restartMs, node: order.node }];
    case 'pause':
      return [{ kind: 'pause', ...times, node: order.node }];
    case 'cut':
      return [{ kind: 'one-way', ...times, from: order.from, to: order.to }];
    case 'delay':
      return [{ kind: 'delay', ...times, from: order.from, to: order.to, delayMs: order.delayMs }];
    case 'lose':
      return [{ kind: 'loss', ...times, from: order.from, to: order.to, probability: order.probability }];
    case 'split':
      return [{ kind: 'partition', ...times, groups: order.groups.map((group) => [...group]) }];
    case 'slow-disk': {
      const { min, max } = healthyDisk.latencyMs;
      return [
        { kind: 'slow-disk', ...times, node: order.node, factor: Math.max(1, (2 * order.delayMs) / (min + max)) },
      ];
    }
    case 'full-disk':
      return [{ kind: 'full-disk', ...times, node: order.node }];
    case 'resume':
    case 'heal':
      return [];
  }
}
