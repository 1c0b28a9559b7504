/**
 * Handles: how an application holds an actor. A handle is a real XState actor that mirrors the chart, so `waitFor`,
 * `useSelector` and an application's own machines work with it. It shows a state only once the records before it are
 * durable, so that no code outside acts on a state that a crash could take back; and it takes requests, never messages.
 */

import {
  Actor,
  type ActorLogic,
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EmittedFrom,
  type EventObject,
  type Observer,
  type SnapshotFrom,
  type Subscription,
} from 'xstate';
import type { ActorDefinition, Address, Deliver, Tagged } from '../../statecharts/actor.ts';

/** The logic of a handle: its snapshots are the chart's, its events the requests, its emissions the outputs. */
export type HandleLogic<
  Snapshot extends AnyMachineSnapshot,
  Request extends Tagged,
  Output extends Tagged = Tagged,
> = ActorLogic<Snapshot, Request | HandleEvent, undefined, AnyActorScope['system'], Output>;

/** What the host itself sends to a handle; requests of these types do not exist. */
export type HandleEvent =
  | { readonly type: 'quorate.mirror' }
  | { readonly type: 'quorate.failed'; readonly error: Error }
  | { readonly type: 'xstate.stop' };

/** What a chart delivers: the outputs among the effects that it asks for; anything, where its effects are not known. */
export type OutputOf<Chart extends AnyStateMachine> =
  EventObject extends EmittedFrom<Chart> ? Tagged : Extract<EmittedFrom<Chart>, Deliver>['output'];

/** A running actor, as an application holds it. `handle.id` is its address; `handle.on('*', ...)` hears its outputs. */
export type ActorHandle<Chart extends AnyStateMachine = AnyStateMachine, Request extends Tagged = Tagged> = Actor<
  HandleLogic<SnapshotFrom<Chart>, Request, OutputOf<Chart>>
>;

/** The handle that `node.start` returns for a definition. */
export type HandleOf<Definition> =
  Definition extends ActorDefinition<infer Chart, infer Request> ? ActorHandle<Chart, Request> : never;

/** The host's side of a handle. */
export interface Mirror {
  readonly handle: ActorHandle;
  /** Shows a state. */
  show(snapshot: AnyMachineSnapshot): void;
  /** Hands an output to those who listen. */
  emit(output: Tagged): void;
  /** Ends the handle: the actor was stopped, or failed with `error`. */
  end(error?: Error): void;
}

/** Observers that take no errors must not turn an actor's failure into an uncaught exception, as XState would have it. */
class HandleActor<Logic extends HandleLogic<AnyMachineSnapshot, Tagged>> extends Actor<Logic> {
  override subscribe(observer: Observer<SnapshotFrom<Logic>>): Subscription;
  override subscribe(
    next?: (snapshot: SnapshotFrom<Logic>) => void,
    error?: (error: unknown) => void,
    complete?: () => void,
  ): Subscription;
  override subscribe(
    observer?: Observer<SnapshotFrom<Logic>> | ((snapshot: SnapshotFrom<Logic>) => void),
    error?: (error: unknown) => void,
    complete?: () => void,
  ): Subscription {
    if (typeof observer !== 'object') return super.subscribe(observer, error ?? (() => {}), complete);
    return super.subscribe({
      next: (snapshot) => observer.next?.(snapshot),
      error: (failure) => observer.error?.(failure),
      complete: () => observer.complete?.(),
    });
  }
}

/** Makes a handle. `ask` takes the requests that it is sent. */
export function createMirror(
  address: Address,
  chart: AnyStateMachine,
  first: AnyMachineSnapshot,
  ask: (request: Tagged) => void,
): Mirror {
  let shown = first;
  let emit: ((output: Tagged) => void) | undefined;
  const logic: HandleLogic<AnyMachineSnapshot, Tagged> = {
    getInitialSnapshot: () => shown,
    getPersistedSnapshot: (snapshot) => snapshot,
    start: (_snapshot, scope) => {
      emit = scope.emit;
    },
    transition(snapshot, event, scope) {
      if (!isHandleEvent(event)) ask(event);
      else if (event.type === 'quorate.mirror') return shown;
      else if (event.type === 'quorate.failed') throw event.error;
      else return chart.transition(snapshot, event, scope);
      return snapshot;
    },
  };
  const handle = new HandleActor(logic, { id: address });
  // With no observer at all, XState would throw an actor's failure out of a timer callback.
  handle.subscribe({ error: () => {} });
  handle.start();
  const show = (snapshot: AnyMachineSnapshot): void => {
    if (snapshot === shown) return;
    shown = snapshot;
    handle.send({ type: 'quorate.mirror' });
  };
  return {
    handle,
    show,
    emit: (output) => emit?.(output),
    end(error) {
      // A handle that shows a final state ends by itself, and a stop could overtake it.
      if (error === undefined && shown.status !== 'done') handle.stop();
      else if (error !== undefined) handle.send({ type: 'quorate.failed', error });
    },
  };
}

/**
 * Makes logic of a handle, for a machine that wants to `invoke` a running actor: it follows the handle's snapshots,
 * passes on the events that it is sent as requests, and is done when the actor ends, or its node stops; a failure of
 * the actor is its error. Stopping the invocation leaves the actor running.
 *
 * @example
 * setup({ actors: { raft: following(handle) } }).createMachine({
 *   invoke: { src: 'raft', id: 'raft', onSnapshot: { actions: 'noticeRole' } },
 * });
 */
export function following<Snapshot extends AnyMachineSnapshot, Request extends Tagged, Output extends Tagged>(
  handle: Actor<HandleLogic<Snapshot, Request, Output>>,
): HandleLogic<Snapshot, Request, Output> {
  let shown = handle.getSnapshot();
  return {
    getInitialSnapshot: () => handle.getSnapshot(),
    getPersistedSnapshot: (snapshot) => snapshot,
    start(_snapshot, scope) {
      const mirror = (snapshot: Snapshot): void => {
        shown = snapshot;
        scope.self.send({ type: 'quorate.mirror' });
      };
      // An invocation hears of an end only when that is done or an error; XState does not tell of a stop.
      const end = (): void => {
        const last = handle.getSnapshot();
        mirror(last.status === 'stopped' ? { ...last, status: 'done', output: undefined } : last);
      };
      if (handle.getSnapshot().status === 'stopped') end();
      const subscription = handle.subscribe({
        next: mirror,
        error: (cause) =>
          scope.self.send({
            type: 'quorate.failed',
            error: cause instanceof Error ? cause : new Error(`actor '${handle.id}' failed`, { cause }),
          }),
        complete: end,
      });
      scope.self.subscribe({ complete: () => subscription.unsubscribe(), error: () => subscription.unsubscribe() });
    },
    transition(snapshot, event, scope) {
      if (!isHandleEvent(event)) handle.send(event);
      else if (event.type === 'quorate.mirror') return shown;
      else return handle.logic.transition(snapshot, event, scope);
      return snapshot;
    },
  };
}

/** Whether something sent to a handle is the host's own. */
const isHandleEvent = (event: EventObject): event is HandleEvent =>
  event.type === 'quorate.mirror' || event.type === 'quorate.failed' || event.type === 'xstate.stop';
