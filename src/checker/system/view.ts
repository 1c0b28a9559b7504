/** What properties see of a state: one reused window, which reads from the vector only what it is asked for. */

import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate';
import { nodeOf, type Tagged } from '../../../statecharts/actor.ts';
import { ModelError } from '../errors.ts';
import type { ActorView, InTransit, Model, ModelActor, SystemState } from '../model.ts';
import { elementAt, type Interned } from '../tables/interned.ts';
import type { Envelopes } from './envelopes.ts';
import type { Layout } from './layout.ts';
import { heldEffects } from './local.ts';
import { createEnvelopeBuffer, type Networks } from './network.ts';
import type { Operations } from './operations.ts';
import type { Outcomes } from './outcomes.ts';

/** The parts of a system that the window reads. */
export interface ViewParts<History> {
  readonly model: Model<History>;
  readonly layout: Layout;
  readonly outcomes: Outcomes;
  readonly envelopes: Envelopes;
  readonly networks: Networks;
  readonly operations: Operations;
  readonly histories: Interned<History>;
}

/** A view as it is before its snapshot gets the type of its chart. */
interface LooseView extends Omit<ActorView, 'snapshot'> {
  readonly snapshot: AnyMachineSnapshot | undefined;
}

/**
 * Makes the window: a function that turns it to a state and returns it.
 *
 * @param read called with each word of the state that is read through it, however often; an actor among `actors` is
 * read only when it is looked at
 */
export function createView<History>(
  parts: ViewParts<History>,
  read?: (word: number) => void,
): (state: Uint32Array) => SystemState<History> {
  const { model, layout, outcomes, envelopes, networks, operations, histories } = parts;
  const buffer = createEnvelopeBuffer();
  const views: LooseView[] = [];
  const indexOf = new Map(model.actors.map(({ address }, index) => [address, index]));
  const state = new Uint32Array(layout.width);

  const viewOf = (id: number): LooseView => {
    const known = views[id];
    if (known !== undefined) return known;
    const { address, definition } = elementAt(model.actors, outcomes.actorOf(id));
    const local = outcomes.local(id);
    const at = local.state;
    const view: LooseView = {
      address,
      node: nodeOf(address),
      life: local.life,
      snapshot: at?.snapshot,
      role: at === undefined ? undefined : definition.roleAt(at),
      timers: (at?.armed ?? []).map((timer) => definition.allTimers.get(timer)?.delay ?? timer),
      unflushedRecords: local.writes.reduce(
        (sum, write) => sum + (write.type === 'records' ? write.records.length : 0),
        0,
      ),
      heldEffects: heldEffects(local.outbox),
      durableRecords: local.durable.map(({ record }) => record),
      error: local.error,
    };
    views[id] = view;
    return view;
  };
  const wordAt = (index: number): number => {
    read?.(index);
    return state[index] ?? 0;
  };
  const lazyActors: LooseView[] = [];
  model.actors.forEach((_actor, index) => {
    Object.defineProperty(lazyActors, index, { enumerable: true, get: () => viewOf(wordAt(index)) });
  });

  function of<Chart extends AnyStateMachine, Request extends Tagged>(
    actor: ModelActor<Chart, Request>,
  ): ActorView<Chart>;
  function of(actor: Pick<ModelActor, 'address'>): LooseView {
    const index = indexOf.get(actor.address);
    if (index === undefined) throw new ModelError(`'${actor.address}' is no actor of model '${model.name}'`);
    return viewOf(wordAt(index));
  }
  const view: SystemState<History> = {
    get actors() {
      if (read !== undefined) return lazyActors;
      return model.actors.map((_actor, index) => viewOf(wordAt(index)));
    },
    of,
    get network() {
      const length = networks.read(wordAt(layout.network), buffer);
      const inTransit: InTransit[] = [];
      for (let at = 0; at < length; at += 1) inTransit.push(envelopes.at(buffer[at] ?? 0));
      return inTransit;
    },
    get history() {
      if (layout.history < 0) throw new ModelError(`model '${model.name}' keeps no history`);
      return histories.at(wordAt(layout.history));
    },
    resource(name) {
      const states = layout.resources < 0 ? {} : operations.at(wordAt(layout.resources)).states;
      if (!Object.hasOwn(states, name)) throw new ModelError(`model '${model.name}' has no resource '${name}'`);
      return states[name];
    },
    get nowMs() {
      return layout.clock < 0 ? 0 : wordAt(layout.clock) * (model.clock?.tickMs ?? 0);
    },
  };
  return (next) => {
    state.set(next);
    return view;
  };
}
