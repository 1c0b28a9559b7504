/**
 * CASPaxos under simulation, whole: registers as applications open them, over acceptors on all machines. After every event
 * each ballot must have one value; and in the end what the clients saw must be linearizable, where a change that ended
 * `REGISTER_UNKNOWN` may have happened or not, and one that ended otherwise has not.
 */

import * as v from 'valibot';
import {
  type Acceptance,
  acceptorAddress,
  acceptorRules,
  decisionKey,
  defineAcceptor,
  defineRegister,
  registerRules,
  sameBallot,
} from '../../../statecharts/paxos.ts';
import { keyValue } from '../../history.ts';
import { createNode, type Node } from '../../host/node.ts';
import { openRegisterOf, type Register } from '../../services/agreement/register.ts';
import type { Application, Scenario, Watch } from '../../simulator/scenario.ts';
import { type CastVote, withVote } from '../acceptors/votes.ts';
import type { Problem } from '../claim.ts';
import { createClientHistory } from '../client-history.ts';
import { oneValuePerBallot } from './claims.ts';
import type { BrokenRegister } from './model.ts';
import { operationSchema, performOn, planOperations, probeAt } from './workload.ts';

/** A machine that takes part. */
export interface RegisterApplication extends Application {
  readonly node: Node;
  open(key: string): Register;
  /** What its acceptor of a key has durably accepted; undefined while there is none. */
  accepted(key: string): Acceptance | null | undefined;
}

const deadlineMs = 2_000;

const goals = [
  'a change happened',
  'a read told of a change',
  'a value was exchanged for another',
  'an exchange was refused',
  'an outcome was unknown',
  'a change came to nothing',
  'a machine that was restarted changed a register',
] as const;
type Goal = (typeof goals)[number];

/** The scenario of true parts, or of broken ones that must be found out. */
export function registerScenario(broken: BrokenRegister = {}): Scenario<RegisterApplication> {
  const actors = {
    acceptor: defineAcceptor({ ...acceptorRules, ...broken.acceptor }),
    register: defineRegister({ ...registerRules, ...broken.register }),
  };
  return {
    name: 'caspaxos',
    minNodes: 1,
    awaits: true,
    goals,
    plan: planOperations,
    probe: probeAt,
    boot({ id, machines: acceptors, bus, journal, environment }) {
      const node = createNode({ id, bus, journal, environment, definitions: [actors.acceptor] });
      const { clock } = environment;
      return {
        node,
        open: (key) => openRegisterOf(actors, node, { key, acceptors, deadlineMs, clock }),
        accepted: (key) => node.view(actors.acceptor, decisionKey('register', key))?.accepted,
      };
    },
    perform(app, planned, done) {
      const operation = v.parse(operationSchema, planned.operation);
      void performOn(app.open(operation.key), operation, broken.client).then(done);
    },
    watch: createWatch,
  };
}

function createWatch(): Watch<RegisterApplication> {
  const history = createClientHistory(keyValue());
  const votes = createVoteWatch();
  const reached = new Set<Goal>();
  const restarted = new Set<string>();
  return {
    booted({ id, incarnation }) {
      if (incarnation > 1) restarted.add(id);
    },
    invoked(planned, nowMs) {
      const { f, key, value, expected } = v.parse(operationSchema, planned.operation);
      votes.add(key);
      const asked = f === 'get' ? {} : { value: f === 'cas' ? [expected, value] : value };
      history.invoked(planned, { f, key, ...asked }, nowMs);
    },
    ended(planned, outcome, nowMs) {
      const call = history.answered(planned, nowMs);
      const { f } = v.parse(operationSchema, planned.operation);
      if (outcome.type === 'failed') {
        if (f !== 'get') reached.add('a change came to nothing');
        call?.fail(outcome.reason);
        return;
      }
      if (outcome.type === 'unknown') {
        reached.add('an outcome was unknown');
        call?.info(outcome.reason);
        return;
      }
      const { value } = outcome;
      call?.ok(value);
      if (f === 'get') {
        if (value !== null) reached.add('a read told of a change');
      } else if (value === false) reached.add('an exchange was refused');
      else {
        reached.add('a change happened');
        if (f === 'cas') reached.add('a value was exchanged for another');
        if (restarted.has(planned.node)) reached.add('a machine that was restarted changed a register');
      }
    },
    check: ({ machines }) => votes.look(machines),
    finish: history.problem,
    goals: () => reached,
  };
}

type Machines = Parameters<Watch<RegisterApplication>['check']>[0]['machines'];

/** Watches what acceptors have durably accepted of the keys that are asked for. */
function createVoteWatch() {
  const byKey = new Map<string, readonly CastVote[]>();
  const seen = new Map<string, Acceptance>();
  return {
    add(key: string): void {
      if (!byKey.has(key)) byKey.set(key, []);
    },
    look(machines: Machines): Problem {
      for (const [key, known] of byKey) {
        let votes = known;
        for (const { id, app } of machines) {
          const accepted = app?.accepted(key);
          const acceptor = acceptorAddress(id, 'register', key);
          if (!accepted || accepted === seen.get(acceptor)) continue;
          seen.set(acceptor, accepted);
          votes = withVote(votes, { acceptor, ...accepted });
          byKey.set(key, votes);
          const { ballot } = accepted;
          const problem = oneValuePerBallot(votes.filter((it) => sameBallot(it.ballot, ballot)));
          if (problem !== undefined) return problem;
        }
      }
      return undefined;
    },
  };
}
