/**
 * The faults of a comparison: each befalls the machine on which the method depends at that moment, at the same times for every
 * method. They become faults of the simulator's own schedule, and where servers stand outside of its machines, cuts of the ways
 * to them.
 */

import { integerBelow, type Randomness } from '../environment/random.ts';
import { driftBound } from '../simulator/plan.ts';
import type { Fault, PlannedOperation } from '../simulator/schedule.ts';
import type { Links, Placed } from './contract.ts';
import { UnknownFaultError } from './errors.ts';

/** The kinds, in the order in which they are shown. */
export const faultNames = [
  'crash',
  'pause',
  'disk-stall',
  'full-partition',
  'partial-partition',
  'asymmetric-loss',
  'clock-drift',
  'zone-loss',
] as const;
export type FaultName = (typeof faultNames)[number];

/** What each does to the machine that serves. */
export const faultMeanings: Readonly<Record<FaultName, string>> = {
  crash: 'it loses its memory and what was not flushed, and starts again at the end',
  pause: 'it stands still, and goes on at the end as if nothing had been',
  'disk-stall': 'none of its writes ends before the fault does',
  'full-partition': 'nothing goes between it and all others',
  'partial-partition': 'nothing goes between it and one other machine, and what is in the zone of that',
  'asymmetric-loss': 'nothing reaches it; what it sends arrives',
  'clock-drift': `its clock is ${driftBound * 100} % too fast, or too slow`,
  'zone-loss': 'all that is in its zone is gone, and does not come back',
};

/** The machines of every method. */
export const machines = ['n1', 'n2', 'n3'] as const;

/** The times of a run, in milliseconds of virtual time. */
export const times = {
  /** Until then a method has found its leader, and nothing is asked of it. */
  idleFromMs: 2_000,
  workFromMs: 3_000,
  /**
   * The fault begins with a transfer of a client beside the machine that it befalls, or up to `faultOffsetMs` later: the first
   * that begins when `earliestFaultMs` and a time drawn below `faultSpreadMs` are over.
   */
  earliestFaultMs: 4_000,
  faultSpreadMs: 1_000,
  faultOffsetMs: 8,
  faultLengthMs: 5_000,
  workUntilMs: 13_000,
  /** Later nothing is wrong any more, and the accounts are looked at until they can be read, or it is given up. */
  faultyMs: 14_500,
  givenUpAfterMs: 8_000,
} as const;

/** What is drawn of the fault of a seed. */
export interface FaultDraw {
  /** No earlier. */
  readonly fromMs: number;
  /** So much after the transfer with which it begins. */
  readonly offsetMs: number;
  /** Which of the other machines is the one that is cut off from a machine in part. */
  readonly other: number;
  readonly isFast: boolean;
}

/** Draws the fault of a seed: the same for every method and kind. */
export function drawFault(randomness: Randomness): FaultDraw {
  const random = randomness.stream('comparison/faults');
  return {
    fromMs: times.earliestFaultMs + integerBelow(random, times.faultSpreadMs),
    offsetMs: random.next() * times.faultOffsetMs,
    other: integerBelow(random, machines.length - 1),
    isFast: random.next() < 0.5,
  };
}

/** A fault of a run: what the simulator does, and which ways to servers are cut meanwhile. */
export interface PlannedFault {
  readonly kind: FaultName;
  readonly victim: string;
  readonly atMs: number;
  readonly untilMs: number;
  readonly faults: readonly Fault[];
  links(nowMs: () => number): Links;
  /** The machines that are well in the end. */
  readonly survivors: readonly string[];
  /** The machines and servers that are gone for good, with their disks. */
  readonly lost: readonly string[];
}

/** What a fault is planned for. */
export interface FaultPlace {
  /** The machine that serves when it begins. */
  readonly victim: string;
  readonly servers: readonly Placed[];
  /** What clients do. */
  readonly operations: readonly PlannedOperation[];
}

/** Plans a fault of `kind`. A zone that is lost stays lost. */
export function planFault(
  kind: FaultName,
  drawn: FaultDraw,
  { victim, servers, operations }: FaultPlace,
): PlannedFault {
  const isLost = kind === 'zone-loss';
  const first = operations.find(
    ({ node, atMs, operation }) => node === victim && atMs >= drawn.fromMs && isTransfer(operation),
  );
  const atMs = (first?.atMs ?? drawn.fromMs) + drawn.offsetMs;
  const untilMs = isLost ? times.faultyMs + times.givenUpAfterMs : atMs + times.faultLengthMs;
  const during = { atMs, untilMs };
  const others = machines.filter((it) => it !== victim);
  const other = others[drawn.other] ?? others[0];
  const struck = servers.filter(({ zone, isOnMachine }) => zone === victim && (isOnMachine || isLost));
  const isCut = cutBy(kind, victim, other ?? '', servers);
  return {
    kind,
    victim,
    ...during,
    faults: [...machineFaults(kind, victim, others, other ?? '', drawn, during), ...serverFaults(kind, struck, during)],
    links: (nowMs) => ({
      changesAtMs: [atMs, untilMs],
      isCut: (from, to) => nowMs() >= atMs && nowMs() < untilMs && isCut(from, to),
    }),
    survivors: isLost ? others : machines,
    lost: isLost ? [victim, ...struck.map(({ name }) => name)] : [],
  };
}

type During = Pick<PlannedFault, 'atMs' | 'untilMs'>;

const isTransfer = (operation: unknown): boolean =>
  typeof operation === 'object' && operation !== null && 'f' in operation && operation.f === 'transfer';

function machineFaults(
  kind: FaultName,
  victim: string,
  others: readonly string[],
  other: string,
  { isFast }: FaultDraw,
  during: During,
): readonly Fault[] {
  switch (kind) {
    case 'crash':
    case 'zone-loss':
      return [{ kind: 'crash', ...during, node: victim }];
    case 'pause':
      return [{ kind: 'pause', ...during, node: victim }];
    case 'disk-stall':
      return [{ kind: 'stalled-disk', ...during, node: victim }];
    case 'full-partition':
      return [{ kind: 'isolate', ...during, node: victim }];
    case 'partial-partition':
      return [{ kind: 'partial-partition', ...during, cut: [`${victim}>${other}`, `${other}>${victim}`] }];
    case 'asymmetric-loss':
      return others.map((from) => ({ kind: 'one-way', ...during, from, to: victim }));
    case 'clock-drift':
      return [{ kind: 'drift', ...during, node: victim, rate: 1 + (isFast ? driftBound : -driftBound) }];
  }
}

/** A server that is on the machine stands still with it, and dies with it; the simulator knows the first as a connection that is slow. */
const serverFaults = (kind: FaultName, struck: readonly Placed[], during: During): readonly Fault[] =>
  struck.flatMap(({ name: server }): Fault[] => {
    if (kind === 'crash' || kind === 'zone-loss') return [{ kind: 'outage', ...during, server }];
    if (kind === 'pause') return [{ kind: 'flaky', ...during, server, breakProbability: 0, maxDelayMs: 1_000 }];
    return [];
  });

/** Which ways between machines and servers a kind cuts; between machines the simulator does. */
function cutBy(
  kind: FaultName,
  victim: string,
  other: string,
  servers: readonly Placed[],
): (from: string, to: string) => boolean {
  // A server on the machine is the machine, on a network; what only stands in its zone is one of the others.
  const placeOf = (name: string): string => servers.find((it) => it.name === name && it.isOnMachine)?.zone ?? name;
  const zoneOf = (name: string): string => servers.find((it) => it.name === name)?.zone ?? name;
  return (from, to) => {
    const [sender, receiver] = [placeOf(from), placeOf(to)];
    if (sender === receiver) return false;
    switch (kind) {
      case 'full-partition':
        return sender === victim || receiver === victim;
      case 'partial-partition':
        return (sender === victim && zoneOf(to) === other) || (receiver === victim && zoneOf(from) === other);
      case 'asymmetric-loss':
        return receiver === victim;
      default:
        return false;
    }
  };
}

/** Reads the name of a kind. @throws UnknownFaultError */
export function faultNamed(name: string): FaultName {
  const known = faultNames.find((it) => it === name);
  if (known !== undefined) return known;
  throw new UnknownFaultError(
    `expected a kind of fault (${faultNames.join(', ')}), got '${name}'; name one or more of them, separated by commas`,
  );
}
