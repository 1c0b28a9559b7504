/**
 * Failover under simulation, whole: machines with managers whose register is replicated by Raft, and a group of three servers
 * outside of them. Clients write and read while machines crash, pause, drift and lose touch, disks fail, and servers die,
 * forget, stand still and are cut off from some; operators ask for switchovers. What is acknowledged must survive, in an order in
 * which everything that clients saw makes sense.
 *
 * Servers hold back acknowledgements themselves, as PostgreSQL does. Each life of a run draws whether they forget when they die.
 * Where so many have forgotten that no primary can be chosen, the operator allows a loss; nothing is lost without that.
 */

import * as v from 'valibot';
import { chance } from '../../environment/random.ts';
import { memoryGroup } from '../../resources/managed/memory.ts';
import type { MachineView, OperationEnd, StagedScenario } from '../../simulator/scenario.ts';
import { probing } from '../operations.ts';
import { createFailoverJudge, type FailoverJudge, failoverGoals } from './scenario/judge.ts';
import {
  type BrokenCharts,
  bootMachine,
  type FailoverApplication,
  type GroupForm,
  steeringOf,
} from './scenario/machine.ts';
import { type GroupOperation, operationSchema, planOperations } from './scenario/operations.ts';
import { type FixedFaults, faultyServer, serverNames } from './scenario/servers.ts';

const writeTimeoutMs = 800;
/** What a machine is that its clients ask for the primary, before it knows of one. */
const noPrimary: OperationEnd = { type: 'failed', reason: 'no primary is known' };

/** What is fixed of servers, in a run that is to be a certain one. */
export interface FixedServers extends FixedFaults, GroupForm {
  /** Whether servers remember what they were when they start again. Default: drawn for each run. */
  readonly isDurable?: boolean;
}

/** The scenario over the true charts, or over broken ones that must be found out. */
export function failoverScenario(
  broken: BrokenCharts = {},
  fixed: FixedServers = {},
): StagedScenario<FailoverApplication> {
  return {
    name: 'failover',
    minNodes: 3,
    awaits: true,
    heals: 'quorum-alone',
    serverNames,
    goals: failoverGoals,
    plan: planOperations,
    probe: (machine, atMs) => probing(machine, atMs, { f: 'probe' }),
    stage({ time, randomness }) {
      const random = randomness.stream('servers');
      const isDurable = fixed.isDurable ?? chance(random, 0.5);
      const group = memoryGroup({ servers: serverNames, clock: time, latencyMs: 1, isDurable });
      const down = new Set<string>();
      for (const [name, readiness] of Object.entries(fixed.standby ?? {})) if (readiness === 'cold') group.crash(name);
      const judge = createFailoverJudge(group, down);
      const clients = createClients(group, judge);
      return {
        servers: new Map(
          serverNames.map((name) => [
            name,
            faultyServer({ name, group, machines: ['n1', 'n2', 'n3'], isDurable, down, random, fixed }),
          ]),
        ),
        boot: (boot) => bootMachine(boot, group, broken, steeringOf(fixed)),
        perform: (app, { operation }, done) => clients(app, v.parse(operationSchema, operation), done),
        watch: () => ({
          invoked: (operation, nowMs) => judge.invoked(operation, v.parse(operationSchema, operation.operation), nowMs),
          ended: (operation, outcome, nowMs) =>
            judge.ended(operation, v.parse(operationSchema, operation.operation), outcome, nowMs),
          check: (world) => judge.check(world),
          finish: () => judge.finish(),
          hindrance: ({ machines }) => hindrance(machines, group),
          goals: () => judge.reached,
        }),
      };
    },
  };
}

/** Where managers and servers stand. */
const hindrance = (
  machines: readonly MachineView<FailoverApplication>[],
  group: ReturnType<typeof memoryGroup>,
): string =>
  [
    ...machines.map(({ id, app }) => `${id} knows ${JSON.stringify(app?.register.current.standing ?? null)}`),
    ...serverNames.map((it) => `${it} is ${JSON.stringify(group.status(it))}`),
  ].join('; ');

type Perform = (app: FailoverApplication, operation: GroupOperation, done: (end: OperationEnd) => void) => void;

/** Each operation of a client is a write, also one that reads: so that it reads nothing that is not confirmed. */
function createClients(group: ReturnType<typeof memoryGroup>, judge: FailoverJudge): Perform {
  let writes = 0;
  const puts = new Map<string, { readonly key: string; readonly value: number }>();

  const write = async (server: string, put?: { readonly key: string; readonly value: number }) => {
    writes += 1;
    const name = `w${writes}`;
    if (put !== undefined) puts.set(name, put);
    const asked = judge.asked(name, server);
    const outcome = await group.write(server, name, writeTimeoutMs);
    if (outcome === 'acknowledged') judge.acknowledged(asked);
    return { name, outcome };
  };
  const readAt = (server: string, name: string, key: string): number | null => {
    const before = group.contents(server);
    const known = before.slice(0, before.indexOf(name)).flatMap((it) => puts.get(it) ?? []);
    return known.findLast((put) => put.key === key)?.value ?? null;
  };
  const endOf = (outcome: 'acknowledged' | 'refused' | 'unknown', value: unknown = null): OperationEnd => {
    if (outcome === 'acknowledged') return { type: 'ok', value };
    return outcome === 'refused' ? { type: 'failed', reason: 'refused' } : { type: 'unknown', reason: 'no answer' };
  };

  const perform = async (app: FailoverApplication, asked: GroupOperation): Promise<OperationEnd> => {
    const { standing } = app.register.current;
    const server = ('at' in asked ? asked.at : null) ?? standing.primary?.server;
    if (asked.f === 'switchover') {
      app.ask({ type: 'switchover', id: 0, target: null });
      return { type: 'ok', value: null };
    }
    if (asked.f === 'probe') {
      if (standing.phase === 'degraded') {
        app.ask({ type: 'allowLoss', id: 0, epoch: standing.epoch, off: [...serverNames] });
      }
      if (server === undefined) return noPrimary;
      return endOf((await write(server)).outcome);
    }
    if (server === undefined) return noPrimary;
    if (asked.f === 'put') return endOf((await write(server, asked)).outcome);
    const { name, outcome } = await write(server);
    return endOf(outcome, outcome === 'acknowledged' ? readAt(server, name, asked.key) : null);
  };
  return (app, asked, done) => {
    perform(app, asked).then(done, (error: unknown) => done({ type: 'unknown', reason: String(error) }));
  };
}
