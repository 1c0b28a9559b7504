/** What a runner is to its node, and its node to it: how an actor is started, what it may ask for, and who hears it. */

import type { ActorState, Address, AnyActor, DelayRange, Tagged } from '../../../statecharts/actor.ts';
import type { Envelope } from '../../bus/bus.ts';
import type { Clock } from '../../environment/clock.ts';
import type { Random } from '../../environment/random.ts';
import type { JournalEntry, OnDurable } from '../../journal/journal.ts';
import type { ActorHandle } from '../handle.ts';
import type { Inspection, RefusedKind } from '../inspection.ts';
import type { Performer } from '../performer.ts';
import type { RoleChange } from '../role-change.ts';

/** What a runner needs of its node. */
export interface RunnerHost {
  readonly clock: Clock;
  readonly timeouts: Random;
  readonly inspection: Inspection;
  readonly perform: Performer;
  /** Whether contexts and effects are checked to be plain data. */
  readonly development: boolean;
  /** Runs `job` now, or after the jobs at hand: jobs of a node never interleave. */
  dispatch(job: () => void): void;
  /** Why no request can be taken at present, if so. */
  overload(): Error | undefined;
  send(from: Address, to: Address, message: Tagged): void;
  append(entries: readonly JournalEntry[], onDurable: OnDurable, how?: 'forced' | 'unforced'): void;
  /** Reports what could not be taken, and counts it. */
  refuse(envelope: Envelope, kind: RefusedKind, reason: string): void;
  roleChanged(change: RoleChange): void;
  /** The runner has ended: its chart is final, or it failed. */
  ended(runner: Runner, error?: Error): void;
}

/** How an actor is to be started. */
export interface Start {
  readonly definition: AnyActor;
  readonly address: Address;
  readonly input: unknown;
  readonly records: readonly Tagged[];
  /** Delays that replace those of the definition, by name. */
  readonly delays: Readonly<Record<string, DelayRange>>;
  readonly observer: ActorObserver | undefined;
}

/** Hears what an actor has to say to the application, without a handle. What it throws surfaces as an uncaught error. */
export interface ActorObserver<Output extends Tagged = Tagged> {
  /** Called for each output, in order, once the records before it are durable. */
  delivered?(output: Output): void;
  /** Called once, when the actor has reached its final state, or was stopped, or failed with `error`. */
  ended?(error?: Error): void;
}

/** One running actor. */
export interface Runner {
  readonly address: Address;
  readonly definition: AnyActor;
  /** Made when it is first asked for. */
  readonly handle: ActorHandle;
  /** The state after the last step, durable or not; the handle may lag behind it. */
  readonly state: ActorState;
  /** The last state whose records are durable: what handles and views show. */
  readonly visible: ActorState;
  /** Whether the journal may hold records of it that a new life would have to know. */
  readonly hasRecords: boolean;
  /** Carries out the first step, and then what has come since. */
  launch(): void;
  /** Takes the step that `message` causes. */
  receive(from: Address, message: Tagged): void;
  /** Ends the actor at once, without a word to anybody, as a crash would. */
  kill(error?: Error): void;
}
