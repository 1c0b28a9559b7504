/** One run of a method on the simulator: a workload, a fault or none, and what was noted meanwhile. */

import * as v from 'valibot';
import { QuorateError } from '../../statecharts/actor.ts';
import type { Clock } from '../environment/clock.ts';
import { messageOf } from '../environment/message.ts';
import { runAsync } from '../simulator/run.ts';
import type { OperationEnd, OutsideServer, StagedScenario } from '../simulator/scenario.ts';
import type { PlannedOperation, Schedule } from '../simulator/schedule.ts';
import { type Method, type MethodStage, soundLinks, type Teller } from './contract.ts';
import { machines, type PlannedFault, times } from './faults.ts';
import { endNote, type NotedStatements, noteOf } from './isolation/notes.ts';
import { namesSchema } from './ledger.ts';
import { createTally, createWitness, type Seen, type Tally, type Witness } from './witness.ts';
import { operationSchema, patienceMs } from './workload.ts';

/** A run ended in a way that no fault accounts for. */
export class ComparisonRunError extends QuorateError {
  readonly code = 'COMPARISON_RUN';
}

export interface RunPlan {
  readonly seed: number;
  readonly operations: readonly PlannedOperation[];
  readonly fault?: PlannedFault;
  /** When the accounts are looked at, and the run ends. Default `times.faultyMs`. */
  readonly untilMs?: number;
  /** When it is asked which machine serves. */
  readonly askServingAtMs?: number;
}

/** What a run came to. */
export interface Noted {
  readonly seen: readonly Seen[];
  /** The names of the transfers that were carried out, as often as they were; undefined where the accounts could not be read. */
  readonly carriedOut: readonly string[] | undefined;
  readonly messages: Tally;
  readonly flushes: Tally;
  readonly serving: string | undefined;
  /** Transactions of several statements, in the order in which they began. */
  readonly statements: readonly NotedStatements[];
  /** Whether no copy of some part of the data was left in the end. */
  readonly isGone: boolean;
  /** Transactions that stood prepared for longer than `blockedAfterMs`; undefined where none is ever prepared. */
  readonly blocked: number | undefined;
}

/** A transaction that stands prepared for longer keeps others from its accounts. */
export const blockedAfterMs = 1_000;

/** What a run is noted in. */
interface Notes {
  readonly witness: Witness;
  readonly messages: Tally;
  readonly flushes: Tally;
  readonly statements: NotedStatements[];
  serving: string | undefined;
  carriedOut: readonly string[] | undefined;
  /** Undefined until the run begins. */
  stage: MethodStage | undefined;
}

/** Plays a run out; the same plan gives the same, always. @throws ComparisonRunError when something is wrong that no fault explains */
export async function play(method: Method, plan: RunPlan): Promise<Noted> {
  const notes: Notes = {
    witness: createWitness(),
    messages: createTally(),
    flushes: createTally(),
    statements: [],
    serving: undefined,
    carriedOut: undefined,
    stage: undefined,
  };
  const { violation } = await runAsync(scenarioOf(method, plan, notes), scheduleOf(method, plan), {
    drawsFates: true,
    observer: {
      network({ type }, nowMs) {
        if (type === 'sent') notes.messages.add(nowMs);
      },
      flushed: (_, nowMs) => notes.flushes.add(nowMs),
    },
  });
  if (violation !== undefined && violation.kind !== 'progress') {
    const what = `${method.name} with seed ${plan.seed}: ${violation.kind}: ${violation.problem}`;
    throw new ComparisonRunError(`expected a run that only its fault disturbs, got ${what}; report this`);
  }
  const { witness, messages, flushes, statements, serving, carriedOut, stage } = notes;
  const blocked = stage?.blockedLongerThan?.(blockedAfterMs).length;
  return {
    seen: witness.seen,
    carriedOut,
    messages,
    flushes,
    serving,
    statements,
    isGone: isGone(method, plan.fault),
    blocked,
  };
}

/** Whether what `fault` took for good is all that held some part of the data. */
const isGone = ({ copies }: Method, fault: PlannedFault | undefined): boolean =>
  fault !== undefined && copies.some((places) => places.every((place) => fault.lost.includes(place)));

const scenarioOf = (method: Method, plan: RunPlan, notes: Notes): StagedScenario<Teller> => ({
  name: method.name,
  minNodes: machines.length,
  goals: [],
  awaits: true,
  heals: 'all',
  serverNames: method.servers.map(({ name }) => name),
  plan: () => plan.operations,
  probe: (node, atMs) => ({ client: -1, atMs, node, operation: { f: 'look' } }),
  stage(parts) {
    const { time } = parts;
    const stage = method.stage({
      ...parts,
      links: plan.fault?.links(time.nowMs) ?? soundLinks,
      costs: { message: () => notes.messages.add(time.nowMs()), flush: () => notes.flushes.add(time.nowMs()) },
    });
    notes.stage = stage;
    const { askServingAtMs } = plan;
    if (askServingAtMs !== undefined) {
      time.setTimeout(() => {
        notes.serving = stage.serving();
      }, askServingAtMs);
    }
    const { lost = [] } = plan.fault ?? {};
    return {
      servers: new Map(
        [...stage.servers].map(([name, server]) => [name, lost.includes(name) ? goneForGood(server) : server]),
      ),
      boot: (boot) => stage.boot(boot),
      perform(app, { client, operation }, done) {
        const unknown = (reason: string): void => done({ type: 'unknown', reason });
        // Answers count as long as a client waits for them, however long the method goes on.
        const patience = time.setTimeout(() => unknown('no answer came in time'), patienceMs);
        ask(app, v.parse(operationSchema, operation), { client, time, notes })
          .then(done, (error: unknown) => unknown(messageOf(error)))
          .finally(() => time.clearTimeout(patience));
      },
      watch: () => ({
        invoked: notes.witness.invoked,
        ended: notes.witness.ended,
        died: (machine) => stage.died?.(machine),
        check: () => undefined,
        goals: () => [],
      }),
    };
  },
});

/** `server`, which does not come back. */
const goneForGood = (server: OutsideServer): OutsideServer => ({
  crash: () => server.crash(),
  restart: () => {},
  setCondition: (condition) => server.setCondition(condition),
});

async function ask(
  app: Teller,
  operation: v.InferOutput<typeof operationSchema>,
  { client, time, notes }: { readonly client: number; readonly time: Clock; readonly notes: Notes },
): Promise<OperationEnd> {
  if (operation.f === 'transfer') return app.transfer(operation);
  if (operation.f === 'read') return app.read();
  if (operation.f === 'statements') {
    const noted = noteOf(operation, client, time.nowMs());
    notes.statements.push(noted);
    const { transact } = app;
    if (transact === undefined) return { type: 'failed', reason: 'there are no transactions of several statements' };
    const end = await transact(operation, (step, balance) => noted.answered.push({ step, balance }));
    endNote(noted, end, time.nowMs());
    return end;
  }
  notes.carriedOut = v.parse(namesSchema, await app.carriedOut());
  return { type: 'ok', value: null };
}

const scheduleOf = (method: Method, { seed, operations, fault, untilMs = times.faultyMs }: RunPlan): Schedule => ({
  version: 1,
  scenario: method.name,
  seed,
  nodes: machines.length,
  faultyMs: untilMs,
  recoveryMs: times.givenUpAfterMs,
  quorum: fault?.survivors ?? machines,
  faults: fault?.faults ?? [],
  operations,
  links: {},
  delayMs: 0.5,
});
