/** Methods that steer servers from outside: active failover of three servers, with hot, warm and cold standbys. */

import { QuorateError } from '../../../statecharts/actor.ts';
import { type EstimatorConfig, foundingStanding, type GroupPlan, groupPlan } from '../../../statecharts/failover.ts';
import { bootMachine, type FailoverApplication } from '../../proof/failover/scenario/machine.ts';
import { clients } from '../../resources/managed/memory/network.ts';
import { type MemoryGroup, memoryGroup } from '../../resources/managed/memory.ts';
import { soundServer } from '../../simulator/faults.ts';
import type { OperationEnd, OutsideServer } from '../../simulator/scenario.ts';
import { type Balances, type Method, type MethodStage, opening, type Placed, type StageOptions } from '../contract.ts';
import { machines } from '../faults.ts';
import { moved } from '../ledger.ts';
import { patienceMs } from '../workload.ts';

type Readiness = GroupPlan['servers'][number]['standby'];

/** Each server is on a machine with a manager. */
const servers: readonly Placed[] = machines.map((zone, index) => ({ name: `r${index + 1}`, zone, isOnMachine: true }));
const names = servers.map(({ name }) => name);
const machineOf = (server: string | undefined): string | undefined => servers.find(({ name }) => name === server)?.zone;

/** As long as a message takes on average between machines, in milliseconds. */
const latencyMs = 0.6;

/** As managers have it by default. */
const estimator: EstimatorConfig = {
  kind: 'phi',
  threshold: 8,
  windowSize: 100,
  minDeviationMs: 25,
  firstIntervalMs: 100,
};
const probeTimeoutMs = 500;

/**
 * `warm`: what follows confirms nothing, so that writes wait for none of it. `cold`: two servers do what three do that are hot, and the
 * third is their reserve.
 */
const planWith = (standby: Readiness): GroupPlan =>
  groupPlan({
    group: 'accounts',
    mode: standby === 'warm' ? 'pass-through' : 'durable',
    servers: [
      { server: 'r1' },
      { server: 'r2', standby: standby === 'warm' ? standby : 'hot' },
      { server: 'r3', standby, canStart: standby === 'cold' },
    ],
  });

/** No primary is known to whom it could be asked. */
class NoPrimaryError extends QuorateError {
  readonly code = 'NO_PRIMARY';
}

/** The writes of clients, by the names under which servers hold them. */
interface Accounts {
  write(app: FailoverApplication, name: string, amount: number): Promise<OperationEnd>;
  held(app: FailoverApplication): readonly string[];
}

function accountsOf(group: MemoryGroup): Accounts {
  const amounts = new Map<string, number>();
  const primaryOf = ({ register }: FailoverApplication): string | undefined =>
    register.current.standing.primary?.server;
  /** What a write left, as the server that acknowledged it holds it; undefined once that has given it up. */
  const balancesAfter = (server: string, name: string): Balances | undefined => {
    const held = group.contents(server);
    const at = held.indexOf(name);
    if (at < 0) return undefined;
    return held.slice(0, at + 1).reduce((before, it) => moved(before, amounts.get(it) ?? 0), opening);
  };
  return {
    async write(app, name, amount) {
      const server = primaryOf(app);
      if (server === undefined) return { type: 'failed', reason: 'no primary is known' };
      amounts.set(name, amount);
      const outcome = await group.write(server, name, patienceMs);
      if (outcome === 'acknowledged') return { type: 'ok', value: balancesAfter(server, name) };
      return outcome === 'refused'
        ? { type: 'failed', reason: 'refused' }
        : { type: 'unknown', reason: 'no answer came within the deadline' };
    },
    held(app) {
      const server = primaryOf(app);
      if (server === undefined) throw new NoPrimaryError('expected a primary, but none is known yet');
      return group.contents(server).filter((it) => (amounts.get(it) ?? 0) > 0);
    },
  };
}

/** A server, as faults of its machine befall it. */
const serverIn = (group: MemoryGroup, name: string): OutsideServer => ({
  crash: () => group.crash(name),
  restart: () => group.restart(name),
  setCondition({ maxDelayMs }) {
    if (maxDelayMs > soundServer.maxDelayMs) group.pause(name);
    else group.resume(name);
  },
});

/** Cuts and mends the ways between servers, managers and clients as `links` say. */
function follow({ links, time }: StageOptions, group: MemoryGroup): void {
  const ends = [...names, ...machines, clients];
  const refresh = (): void => {
    for (const server of names) {
      for (const other of ends) {
        if (other === server) continue;
        group.heal(server, other);
        if (links.isCut(server, other)) group.cutOneWay(server, other);
        if (links.isCut(other, server)) group.cutOneWay(other, server);
      }
    }
  };
  for (const atMs of links.changesAtMs) time.setTimeout(refresh, atMs);
}

function stageOf(standby: Readiness, options: StageOptions): MethodStage {
  const { time, costs } = options;
  const plan = planWith(standby);
  const steering = { plan, founding: foundingStanding({ mode: plan.mode }), estimator, probeTimeoutMs };
  const group = memoryGroup({
    servers: names,
    clock: time,
    latencyMs,
    isDurable: true,
    onSent: (from, to) => {
      if (machineOf(from) !== to && machineOf(to) !== from) costs.message();
    },
  });
  if (standby === 'cold') group.crash('r3');
  follow(options, group);
  const accounts = accountsOf(group);
  const applications = new Map<string, FailoverApplication>();
  let reads = 0;
  const read = (app: FailoverApplication): Promise<OperationEnd> => {
    reads += 1;
    return accounts.write(app, `read${reads}`, 0);
  };
  return {
    servers: new Map(names.map((name) => [name, serverIn(group, name)])),
    boot(boot) {
      const app = bootMachine(boot, group, {}, steering);
      applications.set(boot.id, app);
      return {
        node: app.node,
        transfer: ({ id, amount }) => accounts.write(app, id, amount),
        read: () => read(app),
        async carriedOut() {
          const { type } = await read(app);
          if (type !== 'ok') throw new NoPrimaryError('expected a primary that acknowledges, but none does yet');
          return accounts.held(app);
        },
      };
    },
    serving() {
      const known = [...applications.values()].map(({ register }) => register.current.standing);
      return machineOf(known.toSorted((one, other) => other.revision - one.revision)[0]?.primary?.server);
    },
    died: (machine) => void applications.delete(machine),
  };
}

const noDisk =
  'the servers of the simulated group have no disk: what they hold survives their crash, and nothing is flushed';

const differences: Readonly<Record<Readiness, string>> = {
  hot: 'All are hot: the primary waits until one of the others has confirmed a write.',
  warm: 'The standbys are warm: they follow, and the primary waits for none of them; one that takes over may lack the last writes.',
  cold: 'Two are hot, and the primary waits for the other; the third does not run until one of them is missing.',
};

export const failoverMethods: readonly Method[] = (['hot', 'warm', 'cold'] as const).map((standby) => ({
  name: `failover-${standby}`,
  title: `failover, ${standby} standby`,
  about:
    `Three managers steer three servers, one of each on a machine. ${differences[standby]} Detectors as by default ` +
    '(phi, threshold 8).',
  operations: {
    transfer: { how: 'one write at the primary that the managers know of' },
    read: { how: 'a write that reads, so that nothing is read that is not confirmed' },
    'transfer-across': { notApplicable: 'a group has one primary; two groups need an atomic commit between them' },
    retry: { notApplicable: 'the managers see no writes; what is asked again is for the server to recognise' },
  },
  lacks: {
    isolation: 'the managers see no statements; what a server gives its transactions is its own',
    flushes: noDisk,
    blocked: 'the servers hold no prepared transactions here; failover of servers that do is not part of this workload',
  },
  spared: { 'disk-stall': noDisk },
  servers,
  copies: [names],
  stage: (options) => stageOf(standby, options),
}));
