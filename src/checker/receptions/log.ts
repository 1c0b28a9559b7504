/** What is written down while actors take their steps: what they send, how it is received, and which transitions they take. */

import { type ActorState, type Address, partsOf, type Step, type Tagged } from '../../../statecharts/actor.ts';
import type { InTransit, ModelActor } from '../model.ts';
import type { ChartStep } from '../system/chart-step.ts';
import { valueText } from '../value-text.ts';
import type { ExploredTransition, Fate, Flow, Reception, Unspecified } from './reception.ts';

/** A reception that was found unspecified, as it was first met. */
export interface Met extends Unspecified {
  readonly letter: InTransit;
}

export interface ReceptionLog {
  /** Runs what is not to be noted: steps that are only taken again. */
  unnoted<T>(run: () => T): T;
  /** Runs what is not to be noted either, and has `hear` told of each step of a chart. */
  telling<T>(hear: (step: ChartStep) => void, run: () => T): T;
  /** Notes how an actor that stood `at` received a message, by the step that it took. */
  heard(actor: ModelActor, from: Address, message: Tagged, at: ActorState, step: Step): void;
  /** Notes that a message found no actor at an address, and whether it brings one to life. */
  foundNone(actor: ModelActor, from: Address, message: Tagged, isBirth: boolean): void;
  /** Notes what a step sends, and by which transitions. */
  stepped(actor: ModelActor, step: Step): void;
  /** The receptions found unspecified that were not asked for before, each kind of them once. */
  newHoles(): readonly Met[];
  readonly receptions: readonly Reception[];
  readonly sent: readonly Flow[];
  readonly transitions: readonly ExploredTransition[];
}

interface Line extends Reception {
  readonly fates: Record<Fate, number>;
}

/** Begins a log of what `actors` do. */
export function createReceptionLog(actors: readonly ModelActor[]): ReceptionLog {
  const lines = new Map<string, Line>();
  const flows = new Map<string, Flow>();
  const taken = new Set<string>();
  let isOpen = true;
  let hear: ((step: ChartStep) => void) | undefined;
  /** What the next step of a chart takes in; nothing before a timer fires or an actor begins. */
  let cause: { readonly from: Address; readonly message: Tagged } | undefined;
  let holes: Met[] = [];

  const note = (actor: ModelActor, from: Address, message: Tagged, state: string, fate: Fate): void => {
    const { address, definition } = actor;
    const { type } = message;
    const flow = { from: senderOf(actor, from, type), type, to: definition.name };
    const key = `${flow.from} ${type} ${flow.to} ${state}`;
    let line = lines.get(key);
    if (line === undefined) {
      line = { ...flow, state, fates: { taken: 0, ignored: 0, absent: 0, unspecified: 0 } };
      lines.set(key, line);
    }
    line.fates[fate] += 1;
    if (fate === 'unspecified' && line.fates.unspecified === 1) {
      holes.push({ ...flow, state, letter: { from, to: address, message } });
    }
  };
  const unnoted = <T>(run: () => T): T => {
    isOpen = false;
    try {
      return run();
    } finally {
      isOpen = true;
    }
  };
  return {
    unnoted,
    telling(listener, run) {
      hear = listener;
      try {
        return unnoted(run);
      } finally {
        hear = undefined;
        cause = undefined;
      }
    },
    heard(actor, from, message, { snapshot }, { transitions }) {
      if (hear !== undefined) cause = { from, message };
      if (!isOpen) return;
      const { allTransitions } = actor.definition;
      const isIgnored = transitions.every(({ id }) => allTransitions.get(id)?.isIgnoring);
      // A chart at its end, which waits for its last records to be durable, is as good as gone.
      const none = snapshot.status === 'active' ? 'unspecified' : 'absent';
      const fate = transitions.length === 0 ? none : isIgnored ? 'ignored' : 'taken';
      note(actor, from, message, valueText(snapshot.value), fate);
    },
    foundNone(actor, from, message, isBirth) {
      if (isOpen) note(actor, from, message, '(none)', isBirth ? 'taken' : 'absent');
    },
    stepped({ address, definition }, { transitions, effects, state }) {
      if (hear !== undefined) {
        const { from, message } = cause ?? { from: address, message: { type: transitions[0]?.event ?? 'xstate.init' } };
        cause = undefined;
        hear({ actor: address, definition, state, from, cause: message, transitions, effects });
      }
      if (!isOpen) return;
      for (const { id } of transitions) taken.add(`${definition.name} ${id}`);
      for (const effect of effects) {
        if (effect.type !== 'send') continue;
        const flow = { from: definition.name, type: effect.message.type, to: partsOf(effect.to).name };
        flows.set(`${flow.from} ${flow.type} ${flow.to}`, flow);
      }
    },
    newHoles() {
      const found = holes;
      if (found.length > 0) holes = [];
      return found;
    },
    get receptions() {
      return [...lines.values()];
    },
    get sent() {
      return [...flows.values()];
    },
    get transitions() {
      const definitions = new Map(actors.map(({ definition }) => [definition.name, definition]));
      return [...definitions].flatMap(([actor, { allTransitions }]) =>
        [...allTransitions.values()].map((transition) => ({
          ...transition,
          actor,
          isTaken: taken.has(`${actor} ${transition.id}`),
        })),
      );
    },
  };
}

/** By what an actor is asked, answered and told, besides by actors. */
const surroundings = new Map([
  ['performed', '(resource)'],
  ['unreachable', '(bus)'],
]);

function senderOf({ address, definition }: ModelActor, from: Address, type: string): string {
  const isSaid = from !== address || definition.takes(type) || definition.own.includes(type);
  return isSaid ? partsOf(from).name : (surroundings.get(type) ?? '(application)');
}
