/**
 * What a protocol states of itself in one place: what can be simulated, checked and broken of it, and what is proven of
 * it before a release. The command line, CI and the tables of the docs are made from it, for whatever stands in
 * `protocols.ts`.
 */

import { type CheckOptions, type CheckResult, check, type Model } from '../checker.ts';
import type { AnyScenario, Application } from '../simulator/scenario.ts';
import {
  type BoundsOf,
  type BoundsTable,
  boundsOf,
  commandLineOf,
  type GivenBounds,
  givenIn,
  systemNameOf,
} from './bounds.ts';

/** A property that is known not to hold of a system: a check that does not find that has not looked. */
export interface KnownTruth {
  readonly violates: string;
  /** The truth, as a clause. */
  readonly because: string;
}

/** A system that is proven. */
export interface ProvenSystem<Given = object> {
  readonly bounds: Given;
  /** Beyond so many states the check gives up: a proof that takes long is not made. Default: no limit. */
  readonly maxStates?: number;
  readonly knownTruth?: KnownTruth;
}

/** Simulated runs that are part of the proof, under all faults. */
export interface ProvenSuite {
  /** The first seed; default 1. */
  readonly seed?: number;
  readonly runs: number;
  readonly nodes: number;
  /** They end after this much real time, with fewer runs. */
  readonly budgetSeconds: number;
}

/** How a twin is found out by the checker; the true protocol survives the same check. */
export interface FoundByChecker<Given = object> {
  readonly bounds: Given;
  /** The property that it violates. */
  readonly violates: string;
  /** The states within which it is found, where the protocol's do not suffice: then tests leave it to `quorate prove`. */
  readonly statesToFind?: number;
}

/** How a twin is found out by the simulator: within `runsToFind` from a seed on. */
export interface FoundBySimulator {
  /** The first seed; default 1. One that finds it at once spares the runs before. */
  readonly seed?: number;
  /** It never comes to rest, so that the number of events is what finds it. */
  readonly isEndless?: true;
}

/** What is wrong with a twin, and which means finds it: at least one does. */
export interface TwinDescription<Given = object> {
  /** What it does wrong. */
  readonly name: string;
  /** The rule of the paper that it breaks. */
  readonly rule: string;
  readonly checker?: FoundByChecker<Given>;
  readonly simulator?: FoundBySimulator;
}

/** A protocol with one mistake. */
export interface Twin<Given, Broken> extends TwinDescription<Given> {
  readonly broken: Broken;
}

/** What a protocol says of itself. */
export interface ProtocolParts<Table extends BoundsTable, Broken, History> {
  /** What it is called on the command line. */
  readonly name: string;
  /** What it is, in one line. */
  readonly about: string;
  /** How much may happen in a system that is checked. */
  readonly bounds: Table;
  /** @throws BoundError when bounds make no sense together */
  assertPossible?(bounds: BoundsOf<Table>): void;
  /** The system of true actors, or of broken ones. */
  model(given: GivenBounds<Table>, broken?: Broken): Model<History>;
  /** What is simulated, with true parts or broken ones. */
  scenario(broken?: Broken): AnyScenario<Application>;
  /** The largest first, so that several processors end at about the same time. */
  readonly systems: readonly ProvenSystem<GivenBounds<Table>>[];
  readonly suites: readonly ProvenSuite[];
  /** The states within which the checker finds each twin that it is said to find, but for those that say otherwise. */
  readonly statesToFind: number;
  /** The runs of so many nodes, with every fault there is, within which the simulator finds each. */
  readonly runsToFind: { readonly runs: number; readonly nodes: number };
  readonly twins: readonly Twin<GivenBounds<Table>, Broken>[];
  /** Bounds to begin with, for the help. */
  readonly examples: readonly GivenBounds<Table>[];
}

/** A protocol as the command line and the docs see it: whatever its bounds are, and whatever breaks it. */
export interface Protocol {
  readonly name: string;
  readonly about: string;
  readonly bounds: BoundsTable;
  readonly systems: readonly ProvenSystem[];
  readonly suites: readonly ProvenSuite[];
  readonly statesToFind: number;
  readonly runsToFind: { readonly runs: number; readonly nodes: number };
  readonly twins: readonly TwinDescription[];
  readonly examples: readonly object[];
  /** @throws BoundError when something is given that cannot be, or that makes no sense together */
  assertPossible(given: object): void;
  /** What a system of these bounds is called. @throws BoundError */
  systemName(given: object): string;
  /** The options that describe it. @throws BoundError */
  commandLine(given: object): string;
  /**
   * Checks a system here and now.
   *
   * @param twin the name of a twin to check instead; the bounds by which it is found out are then the defaults
   * @throws BoundError, and what `check` throws
   */
  check(given: object, options?: CheckOptions, twin?: string): CheckResult;
  /** What is simulated, of the true protocol or of a twin. */
  scenario(twin?: string): AnyScenario<Application>;
}

/** Makes the descriptor of a protocol. @throws Error when a twin is found by no means, or two have one name */
export function defineProtocol<Table extends BoundsTable, Broken, History>(
  parts: ProtocolParts<Table, Broken, History>,
): Protocol {
  const { bounds, twins, name } = parts;
  const lost = twins.find(({ checker, simulator }) => checker === undefined && simulator === undefined);
  if (lost !== undefined) throw new Error(`no means is said to find that '${lost.name}' in ${name}`);
  const byName = new Map(twins.map((twin) => [twin.name, twin]));
  if (byName.size < twins.length) throw new Error(`two twins of ${name} have one name`);
  const twinOf = (twin: string | undefined): Twin<GivenBounds<Table>, Broken> | undefined => {
    if (twin === undefined) return undefined;
    const found = byName.get(twin);
    if (found === undefined) throw new Error(`there is no twin '${twin}' of ${name}`);
    return found;
  };
  return {
    ...parts,
    assertPossible: (given) => parts.assertPossible?.(boundsOf(bounds, given)),
    systemName: (given) => systemNameOf(bounds, givenIn(bounds, given)),
    commandLine: (given) => commandLineOf(bounds, givenIn(bounds, given)),
    check(given, options, twin) {
      const broken = twinOf(twin);
      const system = givenIn(bounds, { ...broken?.checker?.bounds, ...given });
      return check(parts.model(system, broken?.broken), options);
    },
    scenario: (twin) => parts.scenario(twinOf(twin)?.broken),
  };
}
