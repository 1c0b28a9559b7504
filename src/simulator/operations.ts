/** The operations of a run's clients: each is begun at its time, at one machine, and ends once. */

import { canonicalKey } from '../../statecharts/actor.ts';
import type { Clock } from '../environment/clock.ts';
import type { EventLog } from './event-log.ts';
import type { Findings } from './findings.ts';
import type { Machine } from './machine.ts';
import type { Application, OperationEnd, Play, Watch } from './scenario.ts';
import type { PlannedOperation } from './schedule.ts';

export interface OperationsParts<App extends Application> {
  readonly time: Clock;
  readonly log: EventLog;
  readonly findings: Findings;
  readonly play: Play<App>;
  readonly watch: Watch<App>;
  readonly machines: ReadonlyMap<string, Machine<App>>;
  readonly onInvoked: (operation: PlannedOperation) => void;
  readonly onEnded: (operation: PlannedOperation, outcome: OperationEnd) => void;
}

interface Outstanding {
  readonly machine: string;
  end(outcome: OperationEnd): void;
}

export class Operations<App extends Application> {
  readonly #parts: OperationsParts<App>;
  readonly #outstanding = new Map<PlannedOperation, Outstanding>();

  constructor(parts: OperationsParts<App>) {
    this.#parts = parts;
  }

  /** Plans `operations`: those of one client follow each other, at their times or later. */
  plan(operations: readonly PlannedOperation[]): void {
    const byClient = new Map<number, PlannedOperation[]>();
    for (const operation of operations) {
      byClient.set(operation.client, [...(byClient.get(operation.client) ?? []), operation]);
    }
    for (const ofClient of byClient.values()) this.#startNext(ofClient);
  }

  /** Begins an operation now. */
  start(operation: PlannedOperation, ended: (outcome: OperationEnd) => void): void {
    const { time, log, findings, play, watch, machines, onInvoked, onEnded } = this.#parts;
    const { node: machine } = operation;
    watch.invoked?.(operation, time.nowMs());
    onInvoked(operation);
    log.add('invoke', String(operation.client), machine, canonicalKey(operation.operation));
    const end = (outcome: OperationEnd): void => {
      if (!this.#outstanding.delete(operation)) return;
      log.add('end', String(operation.client), machine, canonicalKey(outcome));
      watch.ended?.(operation, outcome, time.nowMs());
      onEnded(operation, outcome);
      ended(outcome);
    };
    this.#outstanding.set(operation, { machine, end });
    const app = machines.get(machine)?.app;
    if (app === undefined) end({ type: 'failed', reason: `machine ${machine} is down` });
    else findings.guard(() => play.perform(app, operation, end));
  }

  /** Of what was under way at a machine that died, the outcome is unknown. */
  died(machine: string): void {
    for (const it of [...this.#outstanding.values()]) {
      if (it.machine === machine) it.end({ type: 'unknown', reason: `machine ${machine} died` });
    }
  }

  #startNext(operations: PlannedOperation[]): void {
    const { time } = this.#parts;
    const next = operations.shift();
    if (next === undefined) return;
    const delayMs = Math.max(0, next.atMs - time.nowMs());
    time.setTimeout(() => this.start(next, () => this.#startNext(operations)), delayMs);
  }
}
