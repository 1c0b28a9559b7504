/**
 * Scenarios: what the simulator needs to know of a protocol: how a machine boots it, what clients do with it, what must
 * always hold, and what must happen at least once over many runs.
 */

import type { Observable } from 'rxjs';
import type { Bus } from '../bus/bus.ts';
import type { Clock } from '../environment/clock.ts';
import type { Environment } from '../environment/environment.ts';
import type { Random, Randomness } from '../environment/random.ts';
import type { Node } from '../host/node.ts';
import type { Journal } from '../journal/journal.ts';
import type { PlannedOperation } from './schedule.ts';

/** What a machine boots with. All of it dies with the machine, but for what the journal keeps. */
export interface Boot {
  readonly id: string;
  /** All machines of the run, this one included. */
  readonly machines: readonly string[];
  readonly bus: Bus;
  readonly journal: Journal;
  readonly environment: Environment;
  /** Whether the machine's disk is a copy that was put back, as a data directory says of itself. */
  readonly isCopy: boolean;
  /** Makes it the machine's own. */
  settleCopy(): void;
}

/** What runs on a machine. */
export interface Application {
  readonly node: Node;
  /** Emits when what runs on the machine cannot go on; it dies then, as it does when its node fails. */
  readonly failure?: Observable<unknown>;
}

/** How an operation ended; `unknown` when the machine died, or it cannot be told. */
export type OperationEnd =
  | { readonly type: 'ok'; readonly value: unknown }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'unknown'; readonly reason: string };

/** A machine as invariants see it. */
export interface MachineView<App extends Application> {
  readonly id: string;
  /** Undefined while it is down. */
  readonly app: App | undefined;
  readonly isPaused: boolean;
  /** How often it has booted. */
  readonly incarnation: number;
}

/** All machines, as invariants see them: from above, with the memory of each. */
export interface World<App extends Application> {
  /** True time, in virtual milliseconds. */
  nowMs(): number;
  readonly machines: readonly MachineView<App>[];
}

/** Watches one run. A problem is told in words; the first one ends the run as a violation. */
export interface Watch<App extends Application> {
  /** A machine has booted: the place to subscribe to what its actors do. */
  booted?(machine: MachineView<App>): void;
  /** A machine has died; its application is gone. */
  died?(machine: string): void;
  invoked?(operation: PlannedOperation, nowMs: number): void;
  ended?(operation: PlannedOperation, outcome: OperationEnd, nowMs: number): void;
  /** Called after every event. */
  check(world: World<App>): string | undefined;
  /** Called once, after the quorum has recovered. */
  finish?(world: World<App>): string | undefined;
  /** What was still in the way, in words, when the quorum did not recover in time. */
  hindrance?(world: World<App>): string | undefined;
  /** The goals that this run has reached. */
  goals(): Iterable<string>;
}

/** How the connections to a server behave. */
export interface ServerCondition {
  /** At each request the connection breaks with this probability, before or after the request was carried out. */
  readonly breakProbability: number;
  /** Requests and answers take up to this long, each. */
  readonly maxDelayMs: number;
}

/** A server outside of the machines, such as a database: it outlives them, and has faults of its own. */
export interface OutsideServer {
  /** Loses what was not durable, and every connection. */
  crash(): void;
  restart(): void;
  setCondition(condition: ServerCondition): void;
}

/** What a stage is made of. */
export interface StageParts {
  /** True time. */
  readonly time: Clock;
  /** Streams of the run; name them after what draws from them. */
  readonly randomness: Randomness;
  /** Adds a line to the event log. */
  log(kind: string, ...details: readonly string[]): void;
}

/** What one run plays: what its machines boot, what clients do, and who watches. */
export interface Play<App extends Application> {
  boot(boot: Boot): App;
  /** Starts an operation; `done` is called at most once. */
  perform(app: App, operation: PlannedOperation, done: (outcome: OperationEnd) => void): void;
  watch(): Watch<App>;
}

/** A play with servers outside of its machines, by the names that its scenario gives them. */
export interface Stage<App extends Application> extends Play<App> {
  readonly servers: ReadonlyMap<string, OutsideServer>;
}

interface Plot {
  readonly name: string;
  readonly minNodes: number;
  /** What must be reached over a suite of runs, or the suite proves nothing. */
  readonly goals: readonly string[];
  /** Whether the protocol claims to survive that a machine restarts with an empty disk; only then that happens to it. */
  readonly survivesWipe?: boolean;
  /** Whether it claims to survive that a machine restarts with an older copy of its disk; only then that happens to it. */
  readonly survivesRollback?: boolean;
  /**
   * Which machines must be well again before progress is asked for. Default `quorum`: a majority, while the others stay
   * as they are; `quorum-alone`: they are cut off from it as well, so that none half gets in the way.
   */
  readonly heals?: 'quorum' | 'quorum-alone' | 'all';
  /** Whether it has promises to wait for between events; then only `runAsync` and its like can run it. */
  readonly awaits?: boolean;
  /** Draws what the clients will do within `durationMs`. */
  plan(machines: readonly string[], durationMs: number, random: Random): readonly PlannedOperation[];
  /** The operation whose success counts as progress, on `machine`. */
  probe(machine: string, atMs: number): PlannedOperation;
}

/** A protocol under simulation. */
export interface Scenario<App extends Application> extends Plot, Play<App> {}

/** A protocol under simulation whose runs have something outside of the machines; it is made anew for each run. */
export interface StagedScenario<App extends Application> extends Plot {
  /** The servers to which faults may happen. */
  readonly serverNames: readonly string[];
  stage(parts: StageParts): Stage<App>;
}

export type AnyScenario<App extends Application> = Scenario<App> | StagedScenario<App>;
