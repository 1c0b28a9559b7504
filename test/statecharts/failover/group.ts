/**
 * A group under its managers, on virtual time: the charts that run in production on nodes of their own, servers in memory,
 * and a register that fails only where a test says so.
 */

import { createMemoryNetwork } from '../../../src/bus/memory.ts';
import type { Environment } from '../../../src/environment/environment.ts';
import { seededIds } from '../../../src/environment/ids.ts';
import { seededRandomness } from '../../../src/environment/random.ts';
import { createNode, type Node } from '../../../src/host/node.ts';
import { createMemoryStorage } from '../../../src/journal/memory.ts';
import { ServerRefusedError } from '../../../src/resources/managed/errors.ts';
import { type MemoryGroupOptions, memoryGroup } from '../../../src/resources/managed/memory.ts';
import type { ManagedServer } from '../../../src/resources/managed/server.ts';
import type { Resource } from '../../../src/resources/resource.ts';
import { createVirtualClock } from '../../../src/simulator/virtual-clock.ts';
import type { Tagged } from '../../../statecharts/actor.ts';
import {
  decide,
  failoverManager,
  foundingStanding,
  type GivenGroupPlan,
  groupPlan,
  type ManagerOutput,
  type ManagerRequest,
  managerAddress,
  type Opinion,
  type RegisterAnswer,
  registerMessages,
  registerName,
  registerSenders,
  type ServerOperation,
  type Standing,
  standby,
} from '../../../statecharts/failover.ts';

const isOperation = (operation: Tagged): operation is ServerOperation =>
  ['look', 'claim', 'fence', 'promote', 'confirmWith', 'follow', 'start', 'stop'].includes(operation.type);

/** What is performed at a server, as the node's resource; `onOperation` hears of each operation that changes something. */
const resourceOf = (server: ManagedServer, onOperation: (operation: ServerOperation) => void): Resource => ({
  perform({ operation, deadlineMs }, answer) {
    if (!isOperation(operation)) throw new TypeError(`no operation of a server: ${operation.type}`);
    if (operation.type !== 'look') onOperation(operation);
    server.operate(operation, deadlineMs).then(
      (value) => answer({ type: 'done', value }),
      (error: unknown) =>
        answer({ type: error instanceof ServerRefusedError ? 'refused' : 'unknown', error: String(error) }),
    );
  },
  close: () => server.close(),
});

/** Managers on `managers`, none of them in office yet. */
export function createGroup(
  given: GivenGroupPlan,
  { managers = ['m1', 'm2'], ...options }: Partial<MemoryGroupOptions> & { readonly managers?: readonly string[] } = {},
) {
  const plan = groupPlan(given);
  const clock = createVirtualClock();
  const randomness = seededRandomness(1);
  const environment: Environment = { clock, randomness, ids: seededIds(randomness.stream('ids')) };
  const network = createMemoryNetwork({ clock });
  const servers = plan.servers.map(({ server }) => server);
  const group = memoryGroup({ clock, servers, latencyMs: 1, ...options });
  const told: ManagerOutput[] = [];
  const operations: string[] = [];
  const nodes = new Map<string, Node>();
  const start = (id: string, resources: Readonly<Record<string, Resource>> = {}): Node => {
    const journal = createMemoryStorage({ node: id, clock, ids: environment.ids }).open();
    const node = createNode({ id, bus: network.join(id), journal, environment, development: true, resources });
    nodes.set(id, node);
    return node;
  };

  let standing: Standing = foundingStanding({ mode: plan.mode });
  const register = start('reg').open(registerName, plan.group, registerMessages, { senders: registerSenders });
  let hasQuorum = true;
  register.received.subscribe(({ from, message }) => {
    if (!hasQuorum) return;
    const before = standing;
    if (message.type === 'record') standing = decide(standing, message.change);
    const asked = message.type === 'enquire' ? message.asked : null;
    const hearing = standing === before ? [from] : managers.map((id) => managerAddress(id, plan.group));
    const answer: RegisterAnswer = { type: 'recorded', standing, asked };
    for (const to of hearing) register.send(to, answer);
  });

  for (const id of managers) {
    const resources = servers.map((server) => {
      const noted = (operation: ServerOperation): void => {
        operations.push(`${id} ${operation.type} ${server}`);
      };
      return [`${plan.group}.${server}`, resourceOf(group.reach(server, id), noted)] as const;
    });
    const node = start(id, Object.fromEntries(resources));
    for (const { server, canStart, canStop } of plan.servers) {
      node.launch(standby, {
        key: `${plan.group}.${server}`,
        input: { group: plan.group, server, canStart, canStop, settings: plan.settings, register: register.address },
      });
    }
    node.launch(failoverManager, {
      key: plan.group,
      input: { plan, register: register.address },
      observer: { delivered: (output) => void told.push(output) },
    });
  }
  const ask = (manager: string, request: ManagerRequest): void =>
    nodes.get(manager)?.request(managerAddress(manager, plan.group), request);
  return {
    ...group,
    plan,
    clock,
    told,
    operations,
    standing: () => standing,
    /** Without a quorum of managers the register records and answers nothing. */
    setQuorum(isThere: boolean): void {
      hasQuorum = isThere;
    },
    ask,
    /** Every manager's detector thinks so of the server. */
    judge(server: string, opinion: Opinion): void {
      for (const id of managers) ask(id, { type: 'judged', server, opinion });
    },
    lead(manager: string): void {
      for (const id of managers) {
        register.send(managerAddress(id, plan.group), { type: id === manager ? 'leads' : 'follows' });
      }
    },
    managerOf: (id: string) => nodes.get(id)?.view(failoverManager, plan.group),
    roleOf: (id: string, server: string) => nodes.get(id)?.view(standby, `${plan.group}.${server}`)?.role,
    /** Lets time pass; what resources answer comes in turns of the process's own queue. */
    async pass(ms: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += 1) {
        clock.advance(1);
        await Promise.resolve();
      }
    },
  };
}

export type TestGroup = ReturnType<typeof createGroup>;
