/**
 * A runner keeps one actor alive: it takes the steps of its chart, passes their effects through the outbox, arms its
 * timers, and shows on its handle what is durable. Nothing awaits between an event and the release of its effects.
 */

import {
  type ActorState,
  type Address,
  type AnyActor,
  assertPlain,
  type DelayRange,
  type Delivery,
  draw,
  type Effect,
  type Step,
  type Tagged,
  type TimerChange,
} from '../../statecharts/actor.ts';
import type { Clock, TimeoutHandle } from '../environment/clock.ts';
import type { Random } from '../environment/random.ts';
import type { JournalEntry, OnDurable } from '../journal/journal.ts';
import { ActorFailedError } from './errors.ts';
import { type ActorHandle, createMirror, type Mirror } from './handle.ts';
import type { Inspection } from './inspection.ts';
import { emptyOutbox, flushed, type Outbox, offer, type Released } from './outbox.ts';
import type { Performer } from './performer.ts';

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
  append(entries: readonly JournalEntry[], onDurable: OnDurable): void;
  roleChanged(actor: Address, role: string | undefined): void;
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
  readonly observer?: ActorObserver;
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
  /** Whether the journal may hold records of it that a new life would have to know. */
  readonly hasRecords: boolean;
  /** Carries out the first step, and then what has come since. */
  launch(): void;
  /** Takes the step that `message` causes. */
  receive(from: Address, message: Tagged): void;
  /** Ends the actor at once, without a word to anybody, as a crash would. */
  kill(error?: Error): void;
}

/** A state that waits to be shown until a batch of records is durable. */
interface Unseen {
  readonly batch: number;
  readonly state: ActorState;
}

/**
 * Starts an actor. Its first step is taken at once and carried out by `launch`, so that there is time to listen to it.
 *
 * @throws whatever the chart throws on its first step
 */
export function startRunner(start: Start, host: RunnerHost): Runner {
  const { definition, address, observer } = start;
  const { clock, inspection } = host;
  /** By timer; what fell due and was disarmed, or armed anew, before its turn came is no longer there. */
  const timeouts = new Map<string, TimeoutHandle>();
  let outbox: Outbox = emptyOutbox;
  let unseen: Unseen[] = [];
  let alive = true;
  /** What came before the launch; undefined after it. */
  let early: (() => void)[] | undefined = [];
  let role: string | undefined;
  let hasRecords = start.records.length > 0;

  const kill = (error?: Error): void => {
    if (!alive) return;
    alive = false;
    for (const timeout of timeouts.values()) clock.clearTimeout(timeout);
    timeouts.clear();
    failure = error;
    mirror?.end(error);
    if (observer?.ended !== undefined) told(() => observer.ended?.(error));
  };

  /** What an observer throws is not the actor's failure. */
  const told = (tell: () => void): void => {
    try {
      tell();
    } catch (error) {
      clock.enqueue(() => {
        throw error;
      });
    }
  };

  const guarded = (act: () => void): void => {
    if (!alive) return;
    if (early !== undefined) {
      early.push(act);
      return;
    }
    try {
      act();
    } catch (cause) {
      const error = new ActorFailedError(`actor '${address}' was stopped, because it failed: ${String(cause)}`, {
        cause,
      });
      kill(error);
      host.ended(runner, error);
    }
  };

  const show = (shown: ActorState): void => {
    if (!alive) return;
    visible = shown;
    mirror?.show(shown.snapshot);
    const nextRole = definition.roleAt(shown);
    if (nextRole === role) return;
    role = nextRole;
    if (inspection.observed) inspection.report({ type: 'role', actor: address, role: nextRole });
    host.roleChanged(address, nextRole);
  };

  const carryOut = (effects: readonly Released[]): void => {
    for (const effect of effects) {
      // Whoever hears an output may stop the node.
      if (!alive) return;
      if (effect.type === 'send') host.send(address, effect.to, effect.message);
      else if (effect.type === 'deliver') {
        mirror?.emit(effect.output);
        if (observer?.delivered !== undefined) told(() => observer.delivered?.(effect.output));
      } else {
        host.perform(effect, (performed) => host.dispatch(() => receive(address, performed)));
      }
    }
  };

  /** A handle that has shown a final state is over, and would not pass on the last outputs. */
  const carryOutAndShow = (effects: readonly Released[], shown: ActorState | undefined): void => {
    const isLast = shown?.snapshot.status === 'done';
    if (shown !== undefined && !isLast) show(shown);
    carryOut(effects);
    if (shown !== undefined && isLast) show(shown);
  };

  const apply = ({ timer, armed }: TimerChange): void => {
    const pending = timeouts.get(timer.id);
    if (pending !== undefined) {
      clock.clearTimeout(pending);
      timeouts.delete(timer.id);
    }
    if (!armed) return;
    const ms = draw(start.delays[timer.delay] ?? definition.rangeOf(timer, state), host.timeouts.next());
    if (!(Number.isFinite(ms) && ms >= 0)) {
      throw new RangeError(`expected delay '${timer.delay}' to be 0 ms or more and finite, got ${ms}`);
    }
    const fire = (): void => {
      if (timeouts.get(timer.id) !== timeout) return;
      timeouts.delete(timer.id);
      const cause = { type: timer.id };
      guarded(() => commit(definition.fire(state, timer.id, clock.nowMs(), inspection.observed), address, cause));
    };
    const timeout = clock.setTimeout(() => host.dispatch(fire), ms);
    timeouts.set(timer.id, timeout);
  };

  const onDurable = (batch: number): void => {
    const due = flushed(outbox, batch);
    outbox = due.outbox;
    if (inspection.observed) inspection.report({ type: 'flushed', actor: address, batch });
    if (inspection.observed && due.released.length > 0) {
      inspection.report({ type: 'released', actor: address, effects: due.released });
    }
    const shown = unseen.findLast((it) => it.batch <= batch);
    if (shown !== undefined) unseen = unseen.filter((it) => it.batch > batch);
    carryOutAndShow(due.released, shown?.state);
    finishIfFinal();
  };

  const write = (records: readonly Effect[], batch: number): void => {
    hasRecords = true;
    const entries = records.flatMap((effect): JournalEntry[] =>
      effect.type === 'persist'
        ? [
            {
              actor: address,
              version: definition.recordsVersion,
              record: effect.record,
              ...(effect.checkpoint === true ? { replaces: 'checkpoint' } : {}),
            },
          ]
        : [],
    );
    host.append(entries, (error) => {
      // The node stops itself when a flush fails; an actor that waited for it never learns.
      if (error === undefined) host.dispatch(() => guarded(() => onDurable(batch)));
    });
  };

  const commit = (step: Step, from: Address, cause: Tagged): void => {
    state = step.state;
    if (host.development) checkPlain(step, address);
    const offered = offer(outbox, step.effects);
    outbox = offered.outbox;
    if (inspection.observed)
      inspection.report({
        type: 'step',
        actor: address,
        from,
        cause,
        transitions: step.transitions,
        effects: step.effects,
        pending: step.effects.length - offered.released.length - offered.records.length,
        state: state.snapshot.value,
        context: state.snapshot.context,
      });
    // An observer of the step may have stopped the node.
    if (!alive) return;
    for (const change of step.timers) apply(change);
    if (offered.records.length > 0) write(offered.records, outbox.lastBatch);
    const isDurable = outbox.durableBatch === outbox.lastBatch;
    if (!isDurable) {
      if (unseen.at(-1)?.batch === outbox.lastBatch) unseen.pop();
      unseen.push({ batch: outbox.lastBatch, state });
    }
    carryOutAndShow(offered.released, isDurable ? state : undefined);
    finishIfFinal();
  };

  /** At its final state an actor has answered everything that it released; then its records are forgotten. */
  const finishIfFinal = (): void => {
    if (!alive || state.snapshot.status !== 'done' || outbox.durableBatch < outbox.lastBatch) return;
    if (hasRecords) {
      const record = { type: 'forgotten' };
      host.append([{ actor: address, version: definition.recordsVersion, record, replaces: 'forget' }], () => {});
    }
    kill();
    host.ended(runner);
  };

  const receive = (from: Address, message: Tagged): void =>
    guarded(() => {
      const event: Tagged & Delivery = { ...message, from, atMs: clock.nowMs() };
      commit(definition.transition(state, event, inspection.observed), from, message);
    });

  const recovered = definition.recover(start.records);
  const first = definition.start(recovered, { self: address, input: start.input }, inspection.observed);
  let state = first.state;
  /** What a handle shows: the last state whose records are durable. */
  let visible = state;
  let mirror: Mirror | undefined;
  let failure: Error | undefined;
  const mirrored = (): Mirror => {
    if (mirror !== undefined) return mirror;
    mirror = createMirror(address, definition.chart, visible.snapshot, (request) =>
      host.dispatch(() => receiveRequest(request)),
    );
    if (!alive) mirror.end(failure);
    return mirror;
  };
  const receiveRequest = (request: Tagged): void => {
    let parsed: Tagged;
    try {
      const overload = host.overload();
      if (overload !== undefined) throw overload;
      parsed = definition.parseRequest(request);
    } catch (error) {
      if (inspection.observed)
        inspection.report({
          type: 'refused',
          to: address,
          from: address,
          message: request,
          reason: String(error),
        });
      return;
    }
    receive(address, parsed);
  };
  const runner: Runner = {
    address,
    definition,
    get handle() {
      return mirrored().handle;
    },
    get state() {
      return state;
    },
    get hasRecords() {
      return hasRecords;
    },
    launch() {
      const held = early ?? [];
      early = undefined;
      guarded(() => commit(first, address, { type: 'xstate.init' }));
      for (const act of held) guarded(act);
    },
    receive,
    kill,
  };
  return runner;
}

function checkPlain(step: Step, address: Address): void {
  assertPlain(step.state.snapshot.context, `${address}: context`);
  for (const effect of step.effects) assertPlain(effect, `${address}: ${effect.type}`);
}
