/** Actions: which steps in different states are the same, and what is fair about them. */

import { type Address, nodeOf } from '../../../statecharts/actor.ts';
import type { Fair, FairSteps, Strength } from '../fairness.ts';
import { kindCode, type StepKind, stepKinds } from '../steps.ts';
import type { System } from '../system/system.ts';
import { elementAt } from '../tables/interned.ts';

/** Names the action of a step: equal names in two states are the same action. */
export type ActionKey = (kind: number, a: number, b: number) => string;

/** Makes the names of a system's actions. */
export function actionKeys<History>(system: System<History>): ActionKey {
  return (kind, a, b) => {
    if (kind === kindCode.request) return `${kind} ${a}`;
    if (kind === kindCode.change) {
      const { resource, name, of } = elementAt(system.operations.ownMoves(a), b);
      return `${kind} ${resource} ${name} ${of}`;
    }
    if (kind !== kindCode.execute && kind !== kindCode.answer && kind !== kindCode.unknown) return `${kind} ${a} ${b}`;
    const { operation } = elementAt(system.operations.moves(a), b);
    return `${kind} ${operation.actor} ${operation.id}`;
  };
}

/**
 * What fairness asks for: sets of actions, one of which must be taken when any of them is possible for ever (weak), or
 * again and again (strong).
 */
export interface Demands {
  readonly strengths: readonly Strength[];
  /** The numbers of the sets to which the action of a step belongs. */
  of(kind: number, a: number, b: number): readonly number[];
}

/** Makes out what `fair`, and the fairness of a system's requests, ask for. */
export function demandsOf<History>(system: System<History>, fair: readonly Fair[], keyOf: ActionKey): Demands {
  const rules: readonly FairSteps[] = fair.map((rule) => (typeof rule === 'string' ? { steps: rule } : rule));
  const numbers = new Map<string, number>();
  const strengths: Strength[] = [];
  const demand = (name: string, strength: Strength): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, strengths.length);
    return strengths.push(strength) - 1;
  };
  return {
    strengths,
    of(kind, a, b) {
      const step = subjectOf(system, kind, a, b);
      const asked = kind === kindCode.request ? elementAt(system.requests, a).fair : undefined;
      return [
        ...(asked === undefined ? [] : [demand(`${asked} ${keyOf(kind, a, b)}`, asked)]),
        ...rules.flatMap(({ strength = 'weak', per = 'action', ...rule }, index) => {
          if (!isMeant(rule, step)) return [];
          if (per === 'action') return demand(`${strength} ${keyOf(kind, a, b)}`, strength);
          const subjects = step.actors.length === 0 ? [''] : step.actors;
          return subjects.map((actor) => demand(`${index} ${actor}`, strength));
        }),
      ];
    },
  };
}

/** Whom a step is of, and what it is about. */
interface Subject {
  readonly kind: StepKind;
  readonly actors: readonly Address[];
  readonly name?: string;
}

const isMeant = ({ steps, actors, named }: FairSteps, { kind, actors: own, name }: Subject): boolean =>
  (typeof steps === 'string' ? steps === kind : steps.includes(kind)) &&
  (actors === undefined || actors.some(({ address }) => own.includes(address))) &&
  (named === undefined || (name !== undefined && named.includes(name)));

function subjectOf<History>(system: System<History>, code: number, a: number, b: number): Subject {
  const kind = elementAt(stepKinds, code);
  const { actors } = system.model;
  switch (kind) {
    case 'deliver':
    case 'duplicate':
    case 'lose': {
      const { to, message } = system.envelopes.at(a);
      return { kind, actors: [to], name: message.type };
    }
    case 'timer':
      return { kind, actors: [elementAt(actors, a).address], name: elementAt(system.outcomes.timers, b).delay };
    case 'request': {
      const { actor, request } = system.outcomes.asked.at(b);
      return { kind, actors: [actor], name: request.type };
    }
    case 'local':
    case 'flush':
    case 'unreachable':
      return { kind, actors: [elementAt(actors, a).address] };
    case 'crash':
    case 'restart': {
      const node = elementAt(system.nodes, a);
      return { kind, actors: actors.flatMap(({ address }) => (nodeOf(address) === node ? address : [])) };
    }
    case 'execute':
    case 'answer':
    case 'unknown': {
      const { operation } = elementAt(system.operations.moves(a), b);
      return { kind, actors: [operation.actor], name: operation.operation.type };
    }
    case 'change':
      return { kind, actors: [], name: elementAt(system.operations.ownMoves(a), b).name };
    case 'tick':
      return { kind, actors: [] };
  }
}
