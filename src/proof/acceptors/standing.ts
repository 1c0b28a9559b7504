/** What acceptors of a model would remember, were they to start again now. */

import type { AnyActor, Tagged } from '../../../statecharts/actor.ts';
import { type AcceptorContext, acceptor, blankAcceptor } from '../../../statecharts/paxos.ts';
import type { ModelActor, SystemState } from '../../checker.ts';
import { oncePer } from '../once-per.ts';
import type { Remembered } from './misled.ts';

/** An acceptor of a model. */
export type Accepting = ModelActor<(typeof acceptor)['chart'], Tagged>;

const isContext = (value: unknown): value is AcceptorContext =>
  typeof value === 'object' && value !== null && 'promised' in value && 'accepted' in value && 'acceptors' in value;

/** Of a model's records no more is known than that they are records. */
const recovering: AnyActor = acceptor;

const recoveredBy = oncePer((durableRecords: readonly Tagged[]): AcceptorContext => {
  const remembered = recovering.recover(durableRecords);
  return isContext(remembered) ? remembered : blankAcceptor;
});

/** What it has promised and accepted durably. */
export const standingOf = <History>(state: SystemState<History>, it: Accepting): AcceptorContext =>
  recoveredBy(state.of(it).durableRecords);

/** What each of them has accepted durably. */
export const rememberedBy = <History>(state: SystemState<History>, accepting: readonly Accepting[]): Remembered =>
  new Map(accepting.map((it) => [it.address, standingOf(state, it).accepted]));
