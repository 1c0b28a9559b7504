/** What is told of one message in one state of the charts that receive it, and of one transition. */

import type { Transition } from '../../../statecharts/actor.ts';

/**
 * How a message is received. `taken`: by a transition that leads somewhere or does something, or it brings an actor to
 * life. `ignored`: in writing, by a transition that does nothing. `absent`: no actor is there, and the definition lets
 * this message bring none to life. `unspecified`: by nothing, since the guards of all transitions for it are false.
 */
export type Fate = 'taken' | 'ignored' | 'absent' | 'unspecified';

/** What one kind of actor sends to another. Senders that are no actors are in brackets: `(application)`. */
export interface Flow {
  /** The name of the sender's definition. */
  readonly from: string;
  readonly type: string;
  readonly to: string;
}

/** What became of a message in one state of the charts that receive it. */
export interface Reception extends Flow {
  /** Where the chart stands, as in traces; `(none)` where there is no actor. */
  readonly state: string;
  /** In how many situations, different in anything that the actor or the message holds, it met each fate. */
  readonly fates: Readonly<Record<Fate, number>>;
}

/** A reception that is unspecified. */
export interface Unspecified extends Flow {
  readonly state: string;
}

/** A transition of a chart. */
export interface ExploredTransition extends Transition {
  /** The name of the definition. */
  readonly actor: string;
  /** Whether any run that was explored takes it. */
  readonly isTaken: boolean;
}
