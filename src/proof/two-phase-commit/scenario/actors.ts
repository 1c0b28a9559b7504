/** The actors of a run: the true ones or broken twins, with a witness of what participants hear. */

import * as v from 'valibot';
import type { AnyStateMachine } from 'xstate';
import type { ActorDefinition, AnyActor, Tagged } from '../../../../statecharts/actor.ts';
import {
  type CoordinatorRules,
  coordinatorOf,
  coordinatorRules,
  outcome,
  type ParticipantRules,
  participantOf,
  participantRules,
} from '../../../../statecharts/two-phase-commit.ts';
import type { ActorHandle } from '../../../host/handle.ts';
import type { Node, Resources, StartOptions } from '../../../host/node.ts';
import type { Witness } from './witness.ts';

/** Rules that replace the true ones. */
export interface BrokenRules {
  readonly coordinator?: Partial<CoordinatorRules>;
  readonly participant?: Partial<ParticipantRules>;
}

const decision = v.object({ branch: v.object({ transaction: v.string() }), outcome });

/**
 * Makes the coordinator and the participant, over the true rules but for the broken ones.
 *
 * @returns makes them for one run, with a witness of what participants hear
 */
export function actorsOf(broken: BrokenRules): (witness: Witness) => readonly ActorDefinition[] {
  const coordinator = coordinatorOf({ ...coordinatorRules, ...broken.coordinator });
  const participant = participantOf({ ...participantRules, ...broken.participant });
  return (witness) => [
    coordinator,
    {
      ...participant,
      transition(state, event, traced) {
        if (event.type === 'decision') {
          const heard = v.parse(decision, event);
          witness.heard(heard.branch.transaction, heard.outcome);
        }
        return participant.transition(state, event, traced);
      },
    },
  ];
}

/** `node`, on which `actors` are started in place of those of the same names. */
export function withActors<Owned extends Resources>(
  node: Node<Owned>,
  actors: readonly ActorDefinition[],
): Node<Owned> {
  const replaced = new Map(actors.map((definition) => [definition.name, definition]));
  const inPlaceOf = <Definition extends AnyActor>(definition: Definition): Definition | ActorDefinition =>
    replaced.get(definition.name) ?? definition;
  function start<Chart extends AnyStateMachine, Request extends Tagged, Input>(
    definition: ActorDefinition<Chart, Request, Input>,
    options: StartOptions<Input>,
  ): ActorHandle<Chart, Request>;
  function start(definition: ActorDefinition, options: StartOptions<unknown>): ActorHandle {
    return node.start(inPlaceOf(definition), options);
  }
  return {
    ...node,
    start,
    launch: (definition, options) => node.launch<AnyStateMachine, Tagged, unknown>(inPlaceOf(definition), options),
    adopt: (definitions) => node.adopt(definitions.map((definition) => inPlaceOf(definition))),
    get definitions() {
      return node.definitions;
    },
    get isRunning() {
      return node.isRunning;
    },
    get unflushedBytes() {
      return node.unflushedBytes;
    },
  };
}
