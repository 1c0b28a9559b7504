/** The steps of single actors, each worked out once: equal happenings to equal local states have equal results. */

import type { Timer, TimerChange } from '../../../statecharts/actor.ts';
import type { Local, LocalRules, LocalStep } from '../../checker/system/local.ts';
import { createLocalRules } from '../../checker/system/local-rules.ts';
import { elementAt } from '../../checker/tables/interned.ts';
import { type ModelActor, ModelError } from '../../checker.ts';
import type { Released } from '../../host/outbox.ts';
import type { Happening, StateTables } from './state.ts';

/** What came of a happening. */
export interface ActorStep {
  readonly local: number;
  readonly released: readonly Released[];
  /** Timers that began to wait, again or for the first time. */
  readonly begun: readonly Timer[];
  /** The ids of all that wait. */
  readonly armed: ReadonlySet<string>;
  readonly flushes: number;
}

type StepTables = Pick<StateTables<unknown>, 'locals' | 'happenings'>;

/** Takes the steps of the actors of a model. */
export class ActorSteps {
  readonly #actors: readonly ModelActor[];
  readonly #tables: StepTables;
  readonly #rules: readonly LocalRules[];
  readonly #known = new Map<string, ActorStep | undefined>();
  /** What the rules say beside their results, while they are asked. */
  #timed: TimerChange[] = [];
  #flushes = 0;

  /** @param keepsRecords whether what is durable matters, because actors may crash */
  constructor(actors: readonly ModelActor[], tables: StepTables, keepsRecords: boolean) {
    this.#actors = actors;
    this.#tables = tables;
    const watch = {
      timed: (changes: readonly TimerChange[]) => {
        this.#timed.push(...changes);
      },
      flushed: () => {
        this.#flushes += 1;
      },
    };
    const options = { flushAtOnce: true, localAtOnce: true, keepsRecords, timersAtOnce: [], watch };
    this.#rules = actors.map((actor) => createLocalRules([actor], options));
  }

  /** The actors before any is started. */
  unborn(): number[] {
    return this.#rules.map((rules, place) => this.#numberOf(place, rules.unborn(0)));
  }

  /**
   * What comes of a happening; undefined when it cannot happen to the actor now.
   *
   * @throws ModelError when a rule throws
   */
  take(local: number, happening: Happening, atMs: number): ActorStep | undefined {
    const instant = elementAt(this.#actors, happening.to).definition.readsTime ? atMs : 0;
    const key = `${local} ${this.#tables.happenings.idOf(happening)} ${instant}`;
    if (!this.#known.has(key)) this.#known.set(key, this.#stepOf(local, happening, instant));
    return this.#known.get(key);
  }

  #stepOf(local: number, happening: Happening, atMs: number): ActorStep | undefined {
    this.#timed = [];
    this.#flushes = 0;
    const step = this.#happen(this.#tables.locals.at(local), happening, atMs);
    if (step === undefined) return undefined;
    const { address } = elementAt(this.#actors, happening.to);
    if (step.local.life === 'failed') throw new ModelError(`'${address}' threw: ${step.local.error}`);
    const armed = new Set(step.local.state?.armed ?? []);
    const begun = new Map<string, Timer>();
    for (const { timer, armed: isBegun } of this.#timed) if (isBegun && armed.has(timer.id)) begun.set(timer.id, timer);
    return {
      local: this.#numberOf(happening.to, step.local),
      released: step.released,
      begun: [...begun.values()],
      armed,
      flushes: this.#flushes,
    };
  }

  #happen(local: Local, happening: Happening, atMs: number): LocalStep | undefined {
    const rules = elementAt(this.#rules, happening.to);
    const { address } = elementAt(this.#actors, happening.to);
    switch (happening.type) {
      case 'start':
        return rules.start(local);
      case 'crash':
        return rules.crash(local);
      case 'restart':
        return rules.restart(local);
      case 'receive':
        return rules.receive(local, happening.from, happening.message, atMs);
      case 'enqueue':
        return rules.enqueue(local, happening.from, happening.message, atMs);
      case 'request':
        return rules.receive(local, address, happening.request, atMs);
      case 'answer': {
        const { id, result } = happening;
        return rules.receive(local, address, Object.assign({ type: 'performed' }, { id, result }), atMs);
      }
      case 'fire':
        return rules.fire(local, happening.timer, atMs);
      case 'operation':
      case 'nodeCrash':
        return undefined;
    }
  }

  #numberOf(place: number, local: Local): number {
    return this.#tables.locals.idOf(local, `${place} ${elementAt(this.#rules, place).keyOf(local)}`);
  }
}
