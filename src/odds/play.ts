/**
 * Playing a model of the checker: one run of its actors on real nodes, with their journals, on a network of chance and on virtual
 * time, by the weights of which `weigh` computes bounds. One seed gives one run. What many runs show is held against the bounds.
 */

import { type AnyActor, fixed, nodeOf } from '../../statecharts/actor.ts';
import type { Observation } from '../checker/steps.ts';
import { type Model, type ModelActor, ModelError } from '../checker.ts';
import { chance, type Random, type Randomness, seededRandomness } from '../environment/random.ts';
import { createVirtualClock, type VirtualClock } from '../simulator/virtual-clock.ts';
import { OddsLimitError, ProcessError } from './errors.ts';
import { drawnFrom, ticksUntil } from './played/drawing.ts';
import { PlayedLasting } from './played/lasting.ts';
import { PlayedMachine } from './played/machine.ts';
import { type ChanceNetwork, createChanceNetwork } from './played/network.ts';
import { PlayedResources } from './played/resources.ts';
import type { LastingConditions } from './timed/lasting.ts';
import type { TimedView } from './timed/state.ts';
import { checkProbability, durationOf, type Weights, waitsOf } from './timed/weights.ts';

export interface PlayOptions<History> {
  readonly seed: number;
  /** Where the run ends. Default: where nothing ever happens again. */
  readonly until?: (view: TimedView<History>) => boolean;
  /** Conditions of which views tell whether they have held for so long. */
  readonly lasting?: LastingConditions<TimedView<History>>;
  /** What is looked for, by name: it is told when it held for the first time. */
  readonly events: Readonly<Record<string, (view: TimedView<History>) => boolean>>;
  /** A run of more steps is given up. Default 1,000,000. */
  readonly maxSteps?: number;
}

/** What one run came to. */
export interface PlayedRun {
  /** After how many ticks each event was seen; without those that were not. */
  readonly seenAtTicks: ReadonlyMap<string, number>;
  /** Messages between nodes, and writes of records, up to the end. */
  readonly messages: number;
  readonly flushes: number;
  readonly ticks: number;
  /** Whether it ended where it was to end, and not because nothing happened any more. */
  readonly isOver: boolean;
}

/** Longer than any run: what never fires fires then. */
const neverMs = 2 ** 52;
const defaultMaxSteps = 1_000_000;

/** Faults come between two ticks, before what is due in the second one, as in the model; in ticks. */
const faultLead = 0.25;

/**
 * Plays one run.
 *
 * @throws ProcessError for weights that `weigh` refuses
 * @throws ModelError when an actor throws
 * @throws OddsLimitError for a run of more steps than there may be
 */
export function play<History>(model: Model<History>, weights: Weights, options: PlayOptions<History>): PlayedRun {
  return new Play(model, weights, options).run();
}

class Play<History> {
  readonly #weights: Weights;
  readonly #options: PlayOptions<History>;
  readonly #tickMs: number;
  readonly #time: VirtualClock = createVirtualClock();
  readonly #randomness: Randomness;
  readonly #machines: ReadonlyMap<string, PlayedMachine>;
  readonly #resources: PlayedResources;
  readonly #network: ChanceNetwork;
  readonly #lasting: PlayedLasting<TimedView<History>>;
  readonly #view: TimedView<History>;
  readonly #seen = new Map<string, number>();
  #history: History;
  #flushes = 0;
  #failure: Error | undefined;

  constructor(model: Model<History>, weights: Weights, options: PlayOptions<History>) {
    const { history } = model;
    const { loss = 0, losslessTicks = 0, delay = 1, tickMs = 1, crashes } = weights;
    if (history === undefined) {
      throw new ProcessError('expected a model with a history, got none; give it one to ask about');
    }
    checkProbability('loss', loss);
    checkProbability('crashes per tick', crashes?.perTick ?? 0);
    checkProbability('restarts per tick', crashes?.restartPerTick ?? 0);
    const time = this.#time;
    this.#weights = weights;
    this.#options = options;
    this.#tickMs = tickMs;
    this.#history = history.start;
    this.#lasting = new PlayedLasting(options.lasting ?? {}, time, tickMs);
    this.#randomness = seededRandomness(options.seed);
    const stream = (concern: string): Random => this.#randomness.stream(concern);
    this.#network = createChanceNetwork({
      time,
      loss,
      losslessTicks,
      delay: durationOf('delay', delay),
      tickMs,
      random: stream('network'),
    });
    this.#resources = new PlayedResources({ time, model, weights, random: stream('resources') });
    const observe = (happening: Observation): void => {
      this.#history = history.observe(this.#history, happening);
    };
    this.#machines = this.#placed(model.actors, observe);
    this.#view = this.#viewed();
  }

  run(): PlayedRun {
    const { maxSteps = defaultMaxSteps, seed } = this.#options;
    const { horizonTicks = Number.POSITIVE_INFINITY } = this.#weights;
    const time = this.#time;
    for (const machine of this.#machines.values()) machine.start();
    this.#resources.start();
    this.#planRequests();
    this.#planCrashes();
    let isOver = this.#look();
    while (!isOver) {
      const nextMs = time.nextAtMs() ?? neverMs;
      if (nextMs >= neverMs || nextMs > horizonTicks * this.#tickMs) break;
      if (time.runs >= maxSteps) {
        throw new OddsLimitError(
          `expected a run of at most ${maxSteps} steps, got more with seed ${seed}; raise maxSteps, or end runs earlier`,
        );
      }
      time.runNext();
      isOver = this.#look();
    }
    return {
      seenAtTicks: this.#seen,
      messages: this.#network.sent,
      flushes: this.#flushes,
      ticks: this.#ticks(),
      isOver,
    };
  }

  /** In whole ticks: what comes shortly before a tick belongs to it. */
  #ticks(): number {
    return Math.ceil(this.#time.nowMs() / this.#tickMs);
  }

  /** Looks for what is asked for, after something has happened. @returns whether the run is over */
  #look(): boolean {
    const { until, events } = this.#options;
    const { cause, message } = this.#failure ?? {};
    if (cause instanceof ProcessError) throw cause;
    if (message !== undefined) throw new ModelError(message);
    this.#lasting.look(this.#view);
    for (const [event, isSeen] of Object.entries(events)) {
      if (!this.#seen.has(event) && isSeen(this.#view)) this.#seen.set(event, this.#ticks());
    }
    return until?.(this.#view) ?? false;
  }

  #placed(
    actors: readonly ModelActor[],
    observe: (happening: Observation) => void,
  ): ReadonlyMap<string, PlayedMachine> {
    const timed = this.#timing();
    const nodes = [...new Set(actors.map(({ address }) => nodeOf(address)))];
    const machines = nodes.map((id) => {
      const machine = new PlayedMachine({
        id,
        actors: actors.filter(({ address }) => nodeOf(address) === id),
        time: this.#time,
        randomness: this.#randomness,
        network: this.#network,
        resources: this.#resources,
        timed,
        observe,
        reactions: this.#weights.reactions ?? (() => []),
        wrote: () => {
          this.#flushes += 1;
        },
        failed: (error) => {
          this.#failure ??= error;
        },
      });
      return [id, machine] as const;
    });
    return new Map(machines);
  }

  #viewed(): TimedView<History> {
    const history = (): History => this.#history;
    const { horizonTicks, losslessTicks = 0 } = this.#weights;
    const ticks = (): number => Math.min(this.#ticks(), horizonTicks ?? losslessTicks);
    return {
      get history() {
        return history();
      },
      get ticks() {
        return ticks();
      },
      hasBegun: true,
      of: ({ address }) => this.#machineOf(nodeOf(address)).standingOf(address),
      resource: (name) => this.#resources.stateOf(name),
      hasLasted: (name) => this.#lasting.hasLasted(name),
    };
  }

  #machineOf(node: string): PlayedMachine {
    const machine = this.#machines.get(node);
    if (machine === undefined) throw new ModelError(`expected a node of the model, got '${node}'`);
    return machine;
  }

  /** Gives definitions delays as the weights have them, each drawn as its timer is armed. */
  #timing(): (definition: AnyActor) => AnyActor {
    const waits = waitsOf(this.#weights);
    const random = this.#randomness.stream('timers');
    const tickMs = this.#tickMs;
    const known = new Map<AnyActor, AnyActor>();
    return (definition) => {
      const timed = known.get(definition) ?? {
        ...definition,
        rangeOf(timer, state) {
          const ticks = drawnFrom(waits(definition, timer, state), random);
          return fixed(ticks === undefined ? neverMs : ticks * tickMs);
        },
      };
      known.set(definition, timed);
      return timed;
    };
  }

  #planRequests(): void {
    for (const { actor, request, afterTicks } of this.#weights.requests ?? []) {
      this.#time.setTimeout(() => this.#machineOf(nodeOf(actor)).request(actor, request), afterTicks * this.#tickMs);
    }
  }

  #planCrashes(): void {
    const { scheduled = [] } = this.#weights.crashes ?? {};
    for (const { node, afterTicks, probability = 1 } of scheduled) {
      checkProbability(`the crash of '${node}'`, probability);
      const machine = this.#machineOf(node);
      if (!chance(this.#randomness.stream(`faults/${node}`), probability)) continue;
      this.#time.setTimeout(() => this.#crash(machine), afterTicks * this.#tickMs);
    }
    for (const machine of this.#machines.values()) this.#planCrash(machine);
  }

  #mayFail({ id }: PlayedMachine): boolean {
    return this.#weights.crashes?.nodes?.includes(id) ?? true;
  }

  #planCrash(machine: PlayedMachine): void {
    if (!this.#mayFail(machine)) return;
    const { incarnation } = machine;
    this.#planFault(machine, this.#weights.crashes?.perTick ?? 0, () => {
      if (machine.incarnation === incarnation) this.#crash(machine);
    });
  }

  #crash(machine: PlayedMachine): void {
    if (!machine.isUp) return;
    machine.crash();
    if (this.#mayFail(machine)) this.#planRestart(machine);
  }

  #planRestart(machine: PlayedMachine): void {
    this.#planFault(machine, this.#weights.crashes?.restartPerTick ?? 0, () => {
      machine.restart();
      this.#planCrash(machine);
    });
  }

  #planFault({ id }: PlayedMachine, perTick: number, happen: () => void): void {
    const ticks = ticksUntil(perTick, this.#randomness.stream(`faults/${id}`));
    if (ticks === undefined) return;
    const atTick = this.#ticks() + ticks - faultLead;
    const ms = atTick * this.#tickMs - this.#time.nowMs();
    if (ms < neverMs) this.#time.setTimeout(happen, ms);
  }
}
