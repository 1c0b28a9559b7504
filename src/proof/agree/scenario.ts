/**
 * Single-decree Paxos under simulation: an acceptor and a proposer per key on each machine, learners now and then, and
 * clients that propose for a few keys through whichever machine they reach. After every event all that was told of a key
 * must be one value that was proposed, and no quorum of acceptors may have forgotten it.
 */

import * as v from 'valibot';
import { addressOf, type Tagged } from '../../../statecharts/actor.ts';
import {
  type Acceptance,
  type Acceptors,
  acceptorAddress,
  acceptorRules,
  acceptorsOf,
  decisionKey,
  defineAcceptor,
  defineLearner,
  defineProposer,
  learnerRules,
  type ProposerRequest,
  proposerRules,
} from '../../../statecharts/paxos.ts';
import { integerBelow, pick } from '../../environment/random.ts';
import { createNode, type Node } from '../../host/node.ts';
import type { Application, OperationEnd, Scenario, Watch } from '../../simulator/scenario.ts';
import { drawOperations, probing } from '../operations.ts';
import { agreement, type Decided, durability, validity } from './claims.ts';
import type { BrokenRoles } from './model.ts';

/** A machine that takes part. */
export interface AgreeApplication extends Application {
  readonly node: Node;
  readonly acceptors: (key: string) => Acceptors;
  /** What its acceptor of a key has durably accepted; undefined while there is none, as for a moment after a restart. */
  accepted(key: string): Acceptance | null | undefined;
  /** Calls `done` with what is chosen. */
  propose(key: string, value: string, done: (chosen: string) => void): void;
  learn(key: string, done: (chosen: string) => void): void;
}

const operation = v.object({ f: v.picklist(['propose', 'learn']), key: v.string(), value: v.string() });

const keys = ['a', 'b', 'c', 'd', 'e'];
const operationsPerRun = 40;

const goals = [
  'a value is chosen',
  'a caller hears of another value than its own',
  'a value is told by a machine that was restarted',
  'a learner learns',
] as const;
type Goal = (typeof goals)[number];

/** The scenario of true roles, or of broken ones that must be found out. */
export function agreeScenario(broken: BrokenRoles = {}): Scenario<AgreeApplication> {
  return {
    name: 'agree',
    minNodes: 1,
    goals,
    plan: (machines, durationMs, random) =>
      drawOperations({ count: operationsPerRun }, { machines, durationMs, random }, (index) => ({
        f: pick(random, ['propose', 'propose', 'propose', 'learn'] as const) ?? 'propose',
        key: keys[integerBelow(random, keys.length)] ?? '',
        value: `v${index}`,
      })),
    probe: (machine, atMs) => probing(machine, atMs, { f: 'propose', key: `probe/${atMs}`, value: `probe/${atMs}` }),
    boot({ id, machines, bus, journal, environment }) {
      const roles = defineRoles(broken);
      const node = createNode({ id, bus, journal, environment });
      node.adopt([roles.acceptor]);
      return applicationOf(node, machines, roles);
    },
    perform(app, planned, done) {
      const { f, key, value } = v.parse(operation, planned.operation);
      const told = (chosen: string): void => done({ type: 'ok', value: chosen });
      if (f === 'propose') app.propose(key, value, told);
      else app.learn(key, told);
    },
    watch: createWatch,
  };
}

const defineRoles = (broken: BrokenRoles) => ({
  acceptor: defineAcceptor({ ...acceptorRules, ...broken.acceptor }),
  proposer: defineProposer({ ...proposerRules, ...broken.proposer }),
  learner: defineLearner({ ...learnerRules, ...broken.learner }),
});

function applicationOf(
  node: Node,
  machines: readonly string[],
  { acceptor, proposer, learner }: ReturnType<typeof defineRoles>,
): AgreeApplication {
  const waiting = new Map<string, ((chosen: string) => void)[]>();
  const acceptors = (key: string): Acceptors =>
    acceptorsOf(machines.map((machine) => acceptorAddress(machine, 'agree', key)));
  const hear = (address: string) => ({
    delivered(output: Tagged): void {
      if (output.type !== 'chosen' || !('value' in output)) return;
      const calls = waiting.get(address) ?? [];
      waiting.delete(address);
      for (const call of calls) call(String(output.value));
    },
  });
  const enqueue = (address: string, call: (chosen: string) => void): void => {
    waiting.set(address, [...(waiting.get(address) ?? []), call]);
  };
  return {
    node,
    acceptors,
    accepted: (key) => node.view(acceptor, decisionKey('agree', key))?.accepted,
    propose(key, value, done) {
      const actorKey = decisionKey('agree', key);
      const address = addressOf(node.id, proposer.name, actorKey);
      enqueue(address, done);
      const input = { acceptors: acceptors(key) };
      if (!node.isAlive(address)) node.launch(proposer, { key: actorKey, input, observer: hear(address) });
      const asked: ProposerRequest = { type: 'propose', value, ...input };
      node.request(address, asked);
    },
    learn(key, done) {
      const actorKey = decisionKey('agree', key);
      const address = addressOf(node.id, learner.name, actorKey);
      enqueue(address, done);
      const input = { acceptors: acceptors(key) };
      if (!node.isAlive(address)) node.launch(learner, { key: actorKey, input, observer: hear(address) });
    },
  };
}

function createWatch(): Watch<AgreeApplication> {
  const proposed = new Map<string, string[]>();
  const told = new Map<string, string[]>();
  const remembered = new Map<string, Map<string, Acceptance | null>>();
  const reached = new Set<Goal>();
  const restarted = new Set<string>();
  const add = (to: Map<string, string[]>, key: string, value: string): void => {
    to.set(key, [...(to.get(key) ?? []), value]);
  };
  const decided = (key: string): Decided => ({ key, proposed: proposed.get(key) ?? [], told: told.get(key) ?? [] });
  return {
    booted({ id, incarnation }) {
      if (incarnation > 1) restarted.add(id);
    },
    invoked(planned) {
      const { f, key, value } = v.parse(operation, planned.operation);
      if (f === 'propose') add(proposed, key, value);
    },
    ended(planned, outcome: OperationEnd) {
      if (outcome.type !== 'ok') return;
      const { f, key, value } = v.parse(operation, planned.operation);
      add(told, key, String(outcome.value));
      reached.add(f === 'learn' ? 'a learner learns' : 'a value is chosen');
      if (f === 'propose' && outcome.value !== value) reached.add('a caller hears of another value than its own');
      if (restarted.has(planned.node)) reached.add('a value is told by a machine that was restarted');
    },
    check({ machines }) {
      // From the first proposal on: an acceptor may be down by the time that the value is told which it has accepted.
      for (const key of proposed.keys()) {
        const known = remembered.get(key) ?? new Map<string, Acceptance | null>();
        remembered.set(key, known);
        let acceptors: Acceptors | undefined;
        for (const { id, app } of machines) {
          if (app === undefined) continue;
          acceptors = app.acceptors(key);
          const accepted = app.accepted(key);
          if (accepted !== undefined) known.set(acceptorAddress(id, 'agree', key), accepted);
        }
        const seen = decided(key);
        const problem =
          agreement(seen) ??
          validity(seen) ??
          (acceptors === undefined ? undefined : durability(seen, acceptors, known));
        if (problem !== undefined) return problem;
      }
      return undefined;
    },
    goals: () => reached,
  };
}
