/** What acceptors of a model would remember, were they to start again now. */

import type { Tagged } from '../../../statecharts/actor.ts';
import { type AcceptorContext, type acceptor, blankAcceptor } from '../../../statecharts/paxos.ts';
import type { ModelActor, SystemState } from '../../checker.ts';
import type { Remembered } from './misled.ts';

/** An acceptor of a model. */
export type Accepting = ModelActor<(typeof acceptor)['chart'], Tagged>;

const isContext = (value: unknown): value is AcceptorContext =>
  typeof value === 'object' && value !== null && 'promised' in value && 'accepted' in value && 'acceptors' in value;

/** A state of an actor is seen millions of times, each time with the same records. */
const standings = new WeakMap<readonly Tagged[], AcceptorContext>();

/** What it has promised and accepted durably. */
export function standingOf<History>(state: SystemState<History>, it: Accepting): AcceptorContext {
  const { durableRecords } = state.of(it);
  const known = standings.get(durableRecords);
  if (known !== undefined) return known;
  const remembered = it.definition.recover(durableRecords);
  const standing = isContext(remembered) ? remembered : blankAcceptor;
  standings.set(durableRecords, standing);
  return standing;
}

/** What each of them has accepted durably. */
export const rememberedBy = <History>(state: SystemState<History>, accepting: readonly Accepting[]): Remembered =>
  new Map(accepting.map((it) => [it.address, standingOf(state, it).accepted]));
