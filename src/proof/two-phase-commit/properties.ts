/** What must hold of every run of two-phase commit, and what must happen in some run. */

import type { Tagged } from '../../../statecharts/actor.ts';
import type { coordinator, participant } from '../../../statecharts/two-phase-commit.ts';
import type { ModelActor, Predicates, SystemState } from '../../checker.ts';
import type { CommitBounds } from './bounds.ts';
import type { CommitHistory } from './history.ts';
import type { Standing } from './resources.ts';

type State = SystemState<CommitHistory>;
type Coordinating = ModelActor<(typeof coordinator)['chart'], Tagged>;
type Participating = ModelActor<(typeof participant)['chart'], Tagged>;

const standsAs =
  (resources: readonly string[], ...standings: readonly Standing[]) =>
  (state: State, how: 'some' | 'every'): boolean =>
    resources[how]((name) => standings.some((standing) => standing === state.resource(name)));

/** Whether every branch that changed something has come to its end at its database: to `outcome`, if that is given. */
export const isResolved = (
  resources: readonly string[],
  outcome?: 'committed' | 'aborted',
): ((state: State) => boolean) => {
  const resolved = standsAs(
    resources,
    'ended',
    ...(outcome === undefined ? (['committed', 'aborted'] as const) : [outcome]),
  );
  return (state) => resolved(state, 'every');
};

/** The promises of atomic commit. */
export function commitProperties(
  coordinators: readonly Coordinating[],
  participants: readonly Participating[],
  resources: readonly string[],
): Predicates<CommitHistory> {
  const committed = standsAs(resources, 'committed');
  const aborted = standsAs(resources, 'aborted');
  const hasCommitted = isResolved(resources, 'committed');
  const unprepared = standsAs(resources, 'open', 'aborted');
  const rolledBack = (state: State, index: number): boolean =>
    participants.some((it, at) => {
      const context = state.of(it).snapshot?.context;
      return at === index && context?.found === 'aborted';
    });
  return {
    'agreement: no branch commits while another is rolled back': (state) =>
      !(committed(state, 'some') && aborted(state, 'some')),
    'validity: nothing commits unless every branch is prepared': (state) =>
      !committed(state, 'some') || !unprepared(state, 'some'),
    'no decision is reversed': ({ history: { decision, verdict } }) => decision !== 'both' && verdict !== 'both',
    'callers hear what is decided': (state) => {
      const { verdict } = state.history;
      if (verdict === 'committed') return !unprepared(state, 'some');
      return verdict !== 'aborted' || !committed(state, 'some');
    },
    'no branch is found with another outcome than the decided one': ({ history }) => !history.hazard,
    'a branch that is rolled back does not come back': (state) =>
      resources.every((name, index) => !rolledBack(state, index) || state.resource(name) !== 'prepared'),
    'no coordinator forgets a branch that is not committed': (state) =>
      coordinators.every((it) => {
        const { snapshot } = state.of(it);
        const isOver = snapshot?.matches({ decided: 'retained' }) === true;
        return !isOver || snapshot.context.outcome !== 'committed' || hasCommitted(state);
      }),
  };
}

/** What may happen, as far as goals depend on it. */
interface GoalOptions extends Pick<CommitBounds, 'crashes' | 'restarts' | 'crashing'> {
  readonly mayAbort: boolean;
}

/** What must be possible, or a check says nothing. */
export function commitGoals(
  resources: readonly string[],
  { crashes, restarts, crashing = ['c'], mayAbort }: GoalOptions,
): Predicates<CommitHistory> {
  const goals: Record<string, (state: State) => boolean> = {
    'every branch commits, and the caller hears of it': (state) =>
      state.history.verdict === 'committed' && isResolved(resources, 'committed')(state),
  };
  if (mayAbort) {
    goals['every branch is rolled back, and the caller hears of it'] = (state) =>
      state.history.verdict === 'aborted' && isResolved(resources, 'aborted')(state);
  }
  if (crashes > 0 && restarts && crashing.includes('c')) {
    goals['a participant is in doubt while the coordinator is down'] = ({ actors }) =>
      actors.some(({ snapshot }) => snapshot?.hasTag('in-doubt') === true) &&
      actors.some(({ node, life }) => node === 'c' && life === 'down');
  }
  return goals;
}
