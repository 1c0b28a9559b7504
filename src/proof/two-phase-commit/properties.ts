/** What must hold of every run of two-phase commit, and what must happen in some run. */

import type { Tagged } from '../../../statecharts/actor.ts';
import type { coordinator, Outcome, participant } from '../../../statecharts/two-phase-commit.ts';
import type { ModelActor, Predicates, SystemState } from '../../checker.ts';
import type { Problem } from '../claim.ts';
import type { CommitBounds } from './bounds.ts';
import { agreement, type Branches, durability, goneForGood, oneOutcome, truthful, validity } from './claims.ts';
import type { CommitHistory } from './history.ts';
import type { Standing } from './resources.ts';

type State = SystemState<CommitHistory>;
type Coordinating = ModelActor<(typeof coordinator)['chart'], Tagged>;
type Participating = ModelActor<(typeof participant)['chart'], Tagged>;

/** Whether every branch that changed something has come to its end at its database: to `outcome`, if that is given. */
export function isResolved(resources: readonly string[], outcome?: 'committed' | 'aborted'): (state: State) => boolean {
  const ends: readonly unknown[] = ['ended', ...(outcome === undefined ? ['committed', 'aborted'] : [outcome])];
  return (state) => resources.every((name) => ends.includes(state.resource(name)));
}

/** The promises of atomic commit. */
export function commitProperties(
  coordinators: readonly Coordinating[],
  participants: readonly Participating[],
  resources: readonly string[],
): Predicates<CommitHistory> {
  const found = (state: State): Branches => branchesIn(state, resources);
  return {
    'agreement: no branch commits while another is rolled back': (state) => isKept(agreement(found(state))),
    'validity: nothing commits unless every branch is prepared': (state) => isKept(validity(found(state))),
    'no decision is reversed': ({ history: { decisions, verdicts } }) =>
      isKept(oneOutcome(transaction, 'coordinators', decisions) ?? oneOutcome(transaction, 'coordinators', verdicts)),
    'callers hear what is decided': (state) =>
      state.history.verdicts.every((verdict) => isKept(truthful(verdict, found(state)))),
    'no branch is found with another outcome than the decided one': ({ history }) => !history.hazard,
    'a branch that is rolled back does not come back': (state) =>
      participants.every((it, index) => {
        const isRolledBack = state.of(it).snapshot?.context.found === 'aborted';
        return !isRolledBack || isKept(goneForGood(resources[index] ?? '', found(state)));
      }),
    'no coordinator forgets a branch that is not committed': (state) =>
      coordinators.every((it) => {
        const { snapshot } = state.of(it);
        const isOver = snapshot?.matches({ decided: 'retained' }) === true;
        return !isOver || snapshot.context.outcome !== 'committed' || isKept(durability(found(state)));
      }),
  };
}

/** Whether callers were told that outcome, and no other. */
const isTold = ({ history: { verdicts } }: State, outcome: Outcome): boolean =>
  verdicts.length === 1 && verdicts[0] === outcome;

/** The one transaction of a model. */
const transaction = 'the transaction';

const isKept = (problem: Problem): boolean => problem === undefined;

function branchesIn(state: State, resources: readonly string[]): Branches {
  const at = (standing: Standing): readonly string[] => resources.filter((name) => state.resource(name) === standing);
  return {
    transaction,
    open: at('open'),
    prepared: at('prepared'),
    committed: at('committed'),
    aborted: at('aborted'),
  };
}

/** What may happen, as far as goals depend on it. */
interface GoalOptions extends Pick<CommitBounds, 'crashes' | 'restarts' | 'crashing'> {
  readonly mayAbort: boolean;
  /** The leader at a later ballot, where acceptors decide. */
  readonly heir: Coordinating | undefined;
}

/** What must be possible, or a check says nothing. */
export function commitGoals(
  resources: readonly string[],
  { crashes, restarts, crashing = ['c'], mayAbort, heir }: GoalOptions,
): Predicates<CommitHistory> {
  const goals: Record<string, (state: State) => boolean> = {
    'every branch commits, and the caller hears of it': (state) =>
      isTold(state, 'committed') && isResolved(resources, 'committed')(state),
  };
  if (mayAbort) {
    goals['every branch is rolled back, and the caller hears of it'] = (state) =>
      isTold(state, 'aborted') && isResolved(resources, 'aborted')(state);
  }
  if (heir !== undefined) {
    const isLedTo = (state: State, outcome: Outcome): boolean =>
      isTold(state, outcome) && state.of(heir).snapshot?.context.outcome === outcome;
    goals['a leader at a later ballot commits what was voted at ballot 0'] = (state) => isLedTo(state, 'committed');
    goals['a leader at a later ballot aborts'] = (state) => isLedTo(state, 'aborted');
  }
  if (crashes > 0 && restarts && crashing.includes('c')) {
    goals['a participant is in doubt while the coordinator is down'] = ({ actors }) =>
      actors.some(({ snapshot }) => snapshot?.hasTag('in-doubt') === true) &&
      actors.some(({ node, life }) => node === 'c' && life === 'down');
  }
  return goals;
}
