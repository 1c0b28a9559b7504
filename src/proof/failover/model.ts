/**
 * Failover for the model checker: the rules by which standings change and primaries are chosen are those that run in production,
 * over servers, clients and managers that do whatever may be done. Managers are any at all (`any-managers.ts`): what the
 * charts do is among it, so that nothing that holds here depends on their patience, on detectors, or on the order in which they ask.
 *
 * A group begins in its first epoch. There is no time; replies to managers are as good as never late, since whoever hears of
 * something late is as good as slow.
 */

import { defineModel, type Model, type Predicates, resourceModel, type SystemState } from '../../checker.ts';
import { boundsOf, systemNameOf } from '../bounds.ts';
import { isKept, ofAnyTwo } from '../claim.ts';
import { numbered } from '../nodes.ts';
import { type ManagerMistakes, managerSteps, newcomer, type Steered } from './any-managers.ts';
import { type FailoverBounds, failoverBounds, type GivenFailoverBounds } from './bounds.ts';
import { inOrder, oneServer, survives } from './claims.ts';
import { type ClientMistakes, clientSteps } from './group/clients.ts';
import { lifeSteps } from './group/lives.ts';
import { founded } from './group/start.ts';
import { type Group, reignsIn } from './group/state.ts';
import type { BrokenCharts } from './scenario/machine.ts';

/** What is done in place of what is right, for proofs that a fault would be found. */
export interface BrokenFailover {
  readonly managers?: ManagerMistakes;
  readonly clients?: ClientMistakes;
  /** Of the simulator's, which has the charts. */
  readonly charts?: BrokenCharts;
}

/** How much may happen, as `failoverBounds` says, and whether a mistake is made. */
export interface FailoverModelOptions extends GivenFailoverBounds {
  readonly broken?: BrokenFailover;
}

type State = SystemState<undefined>;
/** The resource that is the group, with all that happens to it. */
const resource = 'group';

const isSteered = (value: unknown): value is Steered =>
  typeof value === 'object' && value !== null && 'group' in value && 'managers' in value;

function groupIn(state: State): Group {
  const value = state.resource(resource);
  if (!isSteered(value)) throw new TypeError('expected the state of a group');
  return value.group;
}

/** The model of a group. */
export function failoverModel({ broken = {}, ...given }: FailoverModelOptions = {}): Model<undefined> {
  const bounds = boundsOf(failoverBounds, given);
  const { servers, late, confirmations, keeper, memory, managers, ...budgets } = bounds;
  const left = budgets;
  const group = founded({ servers: numbered('r', servers), late, confirmations, left });
  const start: Steered = {
    group,
    managers: Object.fromEntries(numbered('m', managers).map((name) => [name, newcomer(group.standing)])),
  };
  const { managers: mistakes = {}, clients = {} } = broken;
  return defineModel<undefined>({
    name: `failover with ${systemNameOf(failoverBounds, given)}`,
    actors: [],
    resources: {
      [resource]: resourceModel<Steered, never>({
        start,
        perform: () => [],
        changes: (steered) => [
          ...managerSteps(steered, mistakes),
          ...[...clientSteps(steered.group, keeper, clients), ...lifeSteps(steered.group, memory)].map((step) => ({
            ...step,
            state: { ...steered, group: step.state },
          })),
        ],
      }),
    },
    always: {
      'what was acknowledged is in every later primary': (state) => {
        const { acknowledged, ...rest } = groupIn(state);
        if (acknowledged.length === 0) return true;
        const reigns = reignsIn(rest);
        return acknowledged.every((told) => told.isRead || reigns.every((reign) => isKept(survives(told, reign))));
      },
      'one server acknowledges in each epoch': (state) => isKept(ofAnyTwo(groupIn(state).acknowledged, oneServer)),
      'no reply is older than one before it': (state) =>
        groupIn(state).acknowledged.every((told) => isKept(inOrder(told))),
      'nothing goes back: terms, epochs, and the managers that servers obey': (state) => groupIn(state).wrong === null,
    },
    sometimes: goals(bounds),
  });
}

function goals({ elections, sizes, writes, offices, servers }: FailoverBounds): Predicates<undefined> {
  const when = (applies: boolean, name: string, holds: (group: Group) => boolean) =>
    applies ? { [name]: (state: State) => holds(groupIn(state)) } : {};
  const isOver = ({ standing }: Group): boolean => standing.phase === 'redirecting' && standing.epoch > 1;
  const isWritten = ({ acknowledged }: Group): boolean => acknowledged.length > 0;
  return {
    ...when(writes > 0, 'a write is acknowledged', isWritten),
    ...when(
      elections > 0,
      'another server becomes primary',
      (it) => isOver(it) && it.standing.primary?.server !== 'r1',
    ),
    ...when(
      elections > 0,
      'the primary becomes primary again',
      (it) => isOver(it) && it.standing.primary?.server === 'r1',
    ),
    ...when(elections > 0 && servers > 2, 'the old primary follows the new one', (it) => {
      const { primary } = it.standing;
      return (
        isOver(it) &&
        primary?.server !== 'r1' &&
        it.servers.r1?.follows === primary?.server &&
        it.servers.r1?.isLinked === true
      );
    }),
    ...when(elections > 0 && writes > 0 && servers > 2, 'a write is acknowledged after a failover', (it) =>
      it.acknowledged.some(({ epoch }) => epoch > 1),
    ),
    ...when(elections > 0 && writes > 0, 'a write is not acknowledged, and given up', (it) =>
      Object.values(it.servers).some(
        (server) => server.role === 'standby' && server.history === '' && it.acknowledged.length === 0,
      ),
    ),
    ...when(
      offices > 1 && elections > 0,
      'another manager completes what one has begun',
      (it) => isOver(it) && it.standing.term > 1,
    ),
    ...when(sizes > 0, 'the in-sync set changes', (it) => it.standing.epoch === 1 && it.standing.version > 1),
  };
}
