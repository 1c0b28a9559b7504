/**
 * Runs one transaction over the pure steppers and the outbox, in an order that a seed makes: messages are lost, repeated
 * and reordered, nodes die and lose what was not flushed, timers fire whenever they like, resources answer late or not at
 * all. After every step the promises of atomic commit are checked; after the chaos, that everything comes to an end.
 */

import { integerBelow, pick, type Random, seededRandomness } from '../../../src/environment/random.ts';
import { emptyOutbox, flushed, type Outbox, offer, type Released } from '../../../src/host/outbox.ts';
import type { Problem } from '../../../src/proof/claim.ts';
import {
  agreement,
  type Branches,
  durability,
  goneForGood,
  oneOutcome,
  truthful,
  validity,
} from '../../../src/proof/two-phase-commit/claims.ts';
import {
  type ActorState,
  type Address,
  type AnyActor,
  addressOf,
  assertPlain,
  nodeOf,
  type Performed,
  type Persist,
  partsOf,
  type Result,
  type Step,
  type Tagged,
  type Unreachable,
} from '../../../statecharts/actor.ts';
import {
  type AcceptorRules,
  acceptorName,
  acceptorRules,
  type CoordinatorRules,
  coordinator as coordinatorDefinition,
  coordinatorName,
  coordinatorRules,
  defineAcceptor,
  defineCoordinator,
  defineParticipant,
  type Outcome,
  type ParticipantRules,
  participantAddress,
  participantRules,
} from '../../../statecharts/two-phase-commit.ts';
import {
  type BranchStore,
  isBranchOperation,
  isRegisterOperation,
  listPrepared,
  type Pending,
  performOnBranch,
  performOnRegister,
  type Register,
  type Standing,
} from './resources.ts';

/** A transaction to run, and the world to run it in. */
export interface Scenario {
  readonly branches: readonly { readonly readOnly?: boolean; readonly refuses?: boolean; readonly last?: boolean }[];
  readonly place: 'journal' | 'register' | 'acceptors';
  /** Whoever lists prepared branches names a last resource that takes no part in this transaction. */
  readonly lastTakesNoPart?: boolean;
  /** Steps with faults, before everything heals. */
  readonly chaosSteps: number;
  /** From 0 (nothing goes wrong) upwards. */
  readonly faults: number;
  /** The node that began the transaction dies for good, somewhere in the chaos. */
  readonly coordinatorStaysDead?: boolean;
  /** So does the first of the acceptors that is on no other node. */
  readonly acceptorStaysDead?: boolean;
  /** Record which steps of papers are taken; costs time. */
  readonly traced?: boolean;
  readonly readsAbsence?: boolean;
}

/** The definitions to run; a proof of the checks runs broken ones. */
export interface Definitions {
  readonly coordinator: AnyActor;
  readonly participant: AnyActor;
  readonly acceptor: AnyActor;
}

export const definitionsOver = (
  broken: {
    coordinator?: Partial<CoordinatorRules>;
    participant?: Partial<ParticipantRules>;
    acceptor?: Partial<AcceptorRules>;
  } = {},
): Definitions => ({
  coordinator: defineCoordinator({ rules: { ...coordinatorRules, ...broken.coordinator } }),
  participant: defineParticipant({ rules: { ...participantRules, ...broken.participant } }),
  acceptor: defineAcceptor({ rules: { ...acceptorRules, ...broken.acceptor } }),
});

/** What a run came to. */
export interface Run {
  /** The promise that was broken, if any. */
  readonly violation: string | undefined;
  /** Whether every branch came to an end. */
  readonly resolved: boolean;
  /** What the caller was told, if anything. */
  readonly verdict: string | undefined;
  /** How every branch ended at its resource. */
  readonly standings: readonly string[];
  /** Every state that an actor rested in, as `2pc.participant inDoubt.waiting`. */
  readonly visited: ReadonlySet<string>;
  /** How lives began, as `2pc.coordinator inquired`. */
  readonly births: ReadonlySet<string>;
  /** The steps of papers that were taken; empty unless the scenario is traced. */
  readonly rules: ReadonlySet<string>;
  readonly trace: readonly string[];
}

interface Living {
  readonly definition: AnyActor;
  readonly address: Address;
  state: ActorState;
  outbox: Outbox;
  ended: boolean;
}

interface Write {
  readonly address: Address;
  readonly batch: number;
  readonly records: readonly Persist[];
  readonly forget?: true;
}

interface Node {
  readonly name: string;
  up: boolean;
  dead: boolean;
  incarnation: number;
  readonly living: Map<Address, Living>;
  readonly journal: Map<Address, readonly Tagged[]>;
  unflushed: Write[];
}

interface Due {
  readonly actor: Living;
  readonly node: Node;
  readonly id: string;
  readonly delay: string;
}

interface Flight {
  readonly from: Address;
  readonly to: Address;
  readonly message: Tagged;
}

const transaction = 'tx-1';
const manager = 'c';
const heir = 'd';
const origin = addressOf(manager, coordinatorName, transaction);
/** One of three acceptors shares the coordinator's node, and its fate. */
const acceptorNodes = [manager, 'a1', 'a2'];
const registerPlace = { type: 'register', resource: 'register' } as const;
const acceptorsPlace = { type: 'acceptors', nodes: acceptorNodes, retentionMs: 1 } as const;

/** Runs `scenario` in the order that `seed` makes. */
export function runSchedule(seed: number, scenario: Scenario, definitions: Definitions): Run {
  const random: Random = seededRandomness(seed).stream('schedule');
  const maybe = (probability: number): boolean => random.next() < probability;
  const visited = new Set<string>();
  const births = new Set<string>();
  const rules = new Set<string>();
  const trace: string[] = [];
  const verdicts = new Set<Outcome>();
  const rolledBack = new Set<string>();
  const network: Flight[] = [];
  const pending: Pending[] = [];
  const register: Register = { entry: undefined };
  let faults = scenario.faults * random.next();
  const { traced = false } = scenario;
  let chaos = true;
  let violation: string | undefined;
  let endedOutcome: string | undefined;

  const stores = scenario.branches.map(
    ({ readOnly = false, refuses = false }, index): BranchStore => ({
      name: `r${index}`,
      standing: 'open',
      readOnly,
      refuses,
      readsAbsence: scenario.readsAbsence ?? false,
    }),
  );
  const idle: BranchStore = { name: 'r-idle', standing: 'open', readOnly: false, refuses: false, readsAbsence: false };
  const storeOf = (resource: string): BranchStore | undefined => [...stores, idle].find((it) => it.name === resource);
  const nodes = new Map<string, Node>();
  for (const name of [manager, heir, 'a1', 'a2', 'p-idle', ...stores.map((_, index) => `p${index}`)]) {
    const node = { name, up: true, dead: false, incarnation: 0, living: new Map(), journal: new Map(), unflushed: [] };
    nodes.set(name, node);
  }
  const nodeAt = (name: string): Node => {
    const node = nodes.get(name);
    if (node === undefined) throw new Error(`no node '${name}'`);
    return node;
  };
  const definitionAt = (address: Address): AnyActor => {
    const { name } = partsOf(address);
    if (name === coordinatorName) return definitions.coordinator;
    return name === acceptorName ? definitions.acceptor : definitions.participant;
  };
  const keep = (problem: Problem): void => {
    violation ??= problem;
  };

  const carryOut = (address: Address, node: Node, effects: readonly Released[]): void => {
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          network.push({ from: address, to: effect.to, message: effect.message });
          break;
        case 'perform': {
          const { id, resource, operation } = effect;
          pending.push({ id, resource, operation, asker: address, incarnation: node.incarnation });
          break;
        }
        case 'deliver': {
          const { output } = effect;
          trace.push(`${address} delivers ${output.type}`);
          if (output.type === 'finished' && 'outcome' in output && output.outcome === 'aborted')
            rolledBack.add(node.name);
          if (output.type === 'hazard') keep('an outcome was reversed at a resource');
          if (output.type === 'committed' || output.type === 'aborted') verdicts.add(output.type);
          if (output.type === 'ended' && 'outcome' in output) endedOutcome = String(output.outcome);
        }
      }
    }
  };

  const accept = (actor: Living, node: Node, step: Step): void => {
    actor.state = step.state;
    const { snapshot } = step.state;
    assertPlain(snapshot.context, 'context');
    visited.add(`${actor.definition.name} ${JSON.stringify(snapshot.value)}`);
    for (const { rule } of step.transitions) if (rule !== undefined) rules.add(`${actor.definition.name} ${rule}`);
    const offered = offer(actor.outbox, step.effects);
    actor.outbox = offered.outbox;
    carryOut(actor.address, node, offered.released);
    if (offered.records.length > 0) {
      node.unflushed.push({ address: actor.address, batch: offered.outbox.lastBatch, records: offered.records });
    }
    actor.ended = snapshot.status === 'done';
    leaveWhenEmpty(actor, node);
  };
  const leaveWhenEmpty = (actor: Living, node: Node): void => {
    if (!actor.ended || actor.outbox.waiting.length > 0 || actor.outbox.durableBatch < actor.outbox.lastBatch) return;
    node.living.delete(actor.address);
    node.unflushed.push({ address: actor.address, batch: 0, records: [], forget: true });
  };
  const start = (address: Address, recovered: unknown, input: unknown): Living => {
    const node = nodeAt(nodeOf(address));
    const definition = definitionAt(address);
    const first = definition.start(recovered ?? definition.recover([]), { self: address, input }, traced);
    const actor: Living = { definition, address, state: first.state, outbox: emptyOutbox, ended: false };
    node.living.set(address, actor);
    if (typeof input === 'object' && input !== null && 'type' in input) births.add(`${definition.name} ${input.type}`);
    accept(actor, node, first);
    return actor;
  };
  const tell = (actor: Living, event: Tagged, from: Address): void => {
    if (actor.ended) return;
    const node = nodeAt(nodeOf(actor.address));
    accept(actor, node, actor.definition.transition(actor.state, { ...event, from, atMs: 0 }, traced));
  };

  const ask = (actor: Living, request: Tagged & Readonly<Record<string, unknown>>): void =>
    tell(actor, actor.definition.parseRequest(request), actor.address);

  const arrive = ({ from, to, message }: Flight): void => {
    const node = nodeAt(nodeOf(to));
    if (!node.up) return;
    let actor = node.living.get(to);
    if (actor?.ended) return;
    if (actor === undefined) {
      const definition = definitionAt(to);
      const input = definition.bornOfMessage(definition.parseMessage(message));
      if (input === undefined) {
        const sender = nodeAt(nodeOf(from)).living.get(from);
        if (sender?.definition.hearsUnreachable === true) {
          const notice: Unreachable = { type: 'unreachable', node: node.name, address: to, reason: 'absent' };
          tell(sender, notice, from);
        }
        return;
      }
      actor = start(to, undefined, input);
    }
    trace.push(`${to} hears ${message.type} from ${from}`);
    tell(actor, actor.definition.parseMessage(message), from);
  };

  const outcomeOf = ({ resource, operation }: Pending): Result => {
    const store = storeOf(resource);
    if (store !== undefined && isBranchOperation(operation)) return performOnBranch(store, operation, pending);
    if (isRegisterOperation(operation)) return performOnRegister(register, operation);
    throw new Error(`'${resource}' was asked for '${operation.type}'`);
  };
  const execute = (it: Pending): void => {
    pending.splice(pending.indexOf(it), 1);
    const happens = !maybe(0.1 * faults);
    const result = happens ? outcomeOf(it) : { type: 'unknown' as const, error: 'connection refused' };
    trace.push(`${it.resource} performs ${it.id}: ${result.type}`);
    if (maybe(0.15 * faults)) reply(it, { type: 'unknown', error: 'the connection was lost' });
    else reply(it, result);
  };
  const reply = (it: Pending, result: Result): void => {
    const node = nodeAt(nodeOf(it.asker));
    const actor = node.living.get(it.asker);
    if (!node.up || node.incarnation !== it.incarnation || actor === undefined) return;
    const answer: Performed = { type: 'performed', id: it.id, result };
    tell(actor, answer, it.asker);
  };
  /** The deadline passes; what was asked for may still happen. */
  const giveUpOn = (it: Pending): void => {
    reply(it, { type: 'unknown', error: 'no answer within the deadline' });
    const index = pending.indexOf(it);
    if (index >= 0) pending[index] = { ...it, incarnation: -1 };
  };

  const flush = (node: Node): void => {
    const [write] = node.unflushed.splice(0, 1);
    if (write === undefined) return;
    if (write.forget) {
      node.journal.delete(write.address);
      return;
    }
    let kept = node.journal.get(write.address) ?? [];
    for (const { record, checkpoint } of write.records) kept = checkpoint ? [record] : [...kept, record];
    node.journal.set(write.address, kept);
    const actor = node.living.get(write.address);
    if (actor === undefined) return;
    const due = flushed(actor.outbox, write.batch);
    actor.outbox = due.outbox;
    carryOut(actor.address, node, due.released);
    leaveWhenEmpty(actor, node);
  };
  const crash = (node: Node): void => {
    trace.push(`${node.name} dies`);
    node.up = false;
    node.incarnation += 1;
    node.living.clear();
    node.unflushed = [];
  };
  const restart = (node: Node): void => {
    trace.push(`${node.name} starts`);
    node.up = true;
    for (const [address, records] of node.journal) {
      const definition = definitionAt(address);
      start(
        address,
        definition.recover(records.map((record) => definition.parseRecord(record))),
        definition.bornOfRecords(),
      );
    }
    find(node);
  };
  /** What a recovery manager does: prepared branches that nobody cares for get a participant. */
  const find = (node: Node): void => {
    adoptLearned(node);
    const index = Number(node.name.slice(1));
    const store = stores[index];
    if (!node.name.startsWith('p') || store === undefined) return;
    const branch = { manager, transaction, branch: `b${index}` };
    const address = participantAddress(node.name, branch);
    if (node.living.has(address) || !listPrepared(store, pending)) return;
    const place = placeOf();
    const peers = stores.flatMap((_, other) =>
      other === index ? [] : participantAddress(`p${other}`, { transaction, branch: `b${other}` }),
    );
    start(address, undefined, { type: 'found', branch, resource: store.name, place, receipt: 'xid-1', peers });
  };
  const placeOf = () => {
    if (scenario.place === 'register') return registerPlace;
    if (scenario.place === 'acceptors') return acceptorsPlace;
    if (scenario.lastTakesNoPart === true) {
      const address = participantAddress('p-idle', { transaction, branch: 'idle' });
      return { type: 'branch', branch: 'idle', resource: idle.name, address };
    }
    const decider = scenario.branches.length === 1 ? 0 : scenario.branches.findIndex((it) => it.last);
    if (decider < 0) return { type: 'journal' };
    const branch = `b${decider}`;
    return {
      type: 'branch',
      branch,
      resource: `r${decider}`,
      address: participantAddress(`p${decider}`, { transaction, branch }),
    };
  };
  /** What a manager does that takes over: every prepared branch asks the new leader. */
  const lead = (node: Node): void => {
    const address = addressOf(node.name, coordinatorName, transaction);
    const prepared = stores.filter((store) => listPrepared(store, pending));
    if (!node.up || prepared.length === 0) return;
    trace.push(`${node.name} takes over`);
    if (!node.living.has(address)) {
      start(address, undefined, { type: 'take-over', manager, place: acceptorsPlace, epoch: 0 });
    }
    for (const { name } of prepared) adopt(node, name);
  };
  const adopt = (node: Node, resource: string): void => {
    const branch = { manager, transaction, branch: `b${resource.slice(1)}` };
    const at = participantAddress(node.name, branch);
    if (node.living.has(at)) return;
    const coordinator = addressOf(node.name, coordinatorName, transaction);
    const found = { type: 'found', branch, resource, place: acceptorsPlace, receipt: 'xid-1', coordinator };
    start(at, undefined, found);
  };
  /** Of a branch that has ended before, the new leader has learned from the acceptors, and nobody else acknowledges it. */
  const adoptLearned = (node: Node): void => {
    const address = addressOf(node.name, coordinatorName, transaction);
    const leader = node.living.get(address);
    if (scenario.place !== 'acceptors' || node.name !== heir || leader === undefined || leader.ended) return;
    const { outcome, branches } = coordinatorDefinition.viewAt(leader.state);
    if (outcome === null) return;
    for (const { resource, acknowledged } of branches) if (!acknowledged) adopt(node, resource);
  };
  const takeOver = (node: Node): void => {
    if (scenario.place === 'acceptors') {
      lead(node);
      return;
    }
    const address = addressOf(node.name, coordinatorName, transaction);
    const { entry } = register;
    if (entry === undefined || entry.ended || !node.up) return;
    trace.push(`${node.name} takes over`);
    const epoch = entry.epoch + 1;
    const actor = node.living.get(address);
    if (actor === undefined) start(address, undefined, { type: 'take-over', manager, place: registerPlace, epoch });
    else ask(actor, { type: 'take-over', epoch });
  };
  const ownerLives = (): boolean => {
    if (scenario.place === 'acceptors') return nodeAt(manager).up;
    const { entry } = register;
    return entry === undefined || entry.ended || nodeAt(partsOf(entry.owner).node).living.has(entry.owner);
  };

  const check = (): void => {
    const at = (...standings: readonly Standing[]): string[] =>
      stores.flatMap(({ name, standing }) => (standings.includes(standing) ? [name] : []));
    const branches: Branches = {
      transaction,
      open: at('open', 'absent'),
      prepared: at('prepared'),
      committed: at('committed'),
      aborted: at('aborted'),
    };
    keep(agreement(branches) ?? validity(branches) ?? oneOutcome(transaction, 'coordinators', verdicts));
    for (const verdict of verdicts) keep(truthful(verdict, branches));
    stores.forEach(({ name }, index) => {
      if (rolledBack.has(`p${index}`)) keep(goneForGood(name, branches));
    });
    if (endedOutcome === 'committed') keep(durability(branches));
  };

  const begin = (): void => {
    stores.forEach((store, index) => {
      const branch = { manager, transaction, branch: `b${index}` };
      const join = { type: 'join', branch, resource: store.name, coordinator: origin };
      start(participantAddress(`p${index}`, branch), undefined, join);
    });
    const place = { journal: { type: 'journal' }, register: registerPlace, acceptors: acceptorsPlace }[scenario.place];
    const actor = start(origin, undefined, { type: 'begin', place });
    scenario.branches.forEach(({ last = false }, index) => {
      const branch = `b${index}`;
      const address = participantAddress(`p${index}`, { transaction, branch });
      ask(actor, { type: 'enlist', branch, address, resource: `r${index}`, last });
    });
    ask(actor, maybe(0.05 * faults) ? { type: 'abort', reason: 'changed my mind' } : { type: 'commit' });
  };

  /** Timers that only let actors forget; early in half of the runs, or never before everything else is done. */
  const forgetful = maybe(0.5);
  const forgetting = new Set(['retention', 'linger']);
  const givingUp = new Set(['transactionTimeout', 'voteTimeout', 'idleTimeout']);
  const timersOf = (node: Node): Due[] =>
    [...node.living.values()].flatMap((actor) =>
      actor.ended
        ? []
        : actor.state.armed.flatMap((id) => {
            const timer = actor.definition.allTimers.get(id);
            if (timer === undefined || (forgetting.has(timer.delay) && !(chaos && forgetful))) return [];
            // An outcome is remembered for longer than any message is under way, or any node away.
            if (timer.delay === 'retention' && actor.definition.name === acceptorName) return [];
            return [{ actor, node, id, delay: timer.delay }];
          }),
    );
  /** Acceptors remind a node of what it has not ended, also one that is dead. */
  const isOfUse = ({ delay }: Due): boolean => delay !== 'reminderInterval' || !nodeAt(manager).dead;
  const fire = ({ actor, node, id }: Due): void => {
    if (node.living.get(actor.address) !== actor || !actor.state.armed.includes(id)) return;
    trace.push(`${actor.address} ${id}`);
    accept(actor, node, actor.definition.fire(actor.state, id, 0, traced));
  };

  const chaoticStep = (): void => {
    const node = pick(random, [...nodes.values()]);
    const choice = random.next() * (10 + 3 * faults);
    if (choice < 4) {
      const index = integerBelow(random, network.length);
      const flight = network[index];
      if (flight === undefined) return;
      if (maybe(0.1 * faults)) trace.push(`${flight.message.type} to ${flight.to} is repeated`);
      else network.splice(index, 1);
      if (!maybe(0.1 * faults)) arrive(flight);
    } else if (choice < 6) {
      const it = pick(random, pending);
      if (it !== undefined) execute(it);
    } else if (choice < 8.5) {
      if (node?.up) flush(node);
    } else if (choice < 9.5) {
      const timer = node?.up && faults > 0 ? pick(random, timersOf(node)) : undefined;
      if (timer !== undefined && !(givingUp.has(timer.delay) && maybe(0.95))) fire(timer);
    } else if (choice < 10) {
      if (node?.up) find(node);
      if (scenario.place !== 'journal' && maybe(ownerLives() ? 0.08 * faults : 0.5))
        takeOver(nodeAt(maybe(0.8) ? heir : manager));
    } else if (choice < 10 + faults) {
      if (node?.up && maybe(0.15)) crash(node);
    } else if (choice < 10 + 2 * faults) {
      if (node !== undefined && !node.up && !node.dead) restart(node);
    } else {
      const it = pick(random, pending);
      if (it !== undefined && maybe(0.3)) giveUpOn(it);
    }
  };

  /** Everything heals: what is under way is carried out in order, and only then do timers fire. */
  const heal = (): boolean => {
    chaos = false;
    faults = 0;
    for (const node of nodes.values()) if (!node.up && !node.dead) restart(node);
    for (let round = 0; round < 60; round += 1) {
      for (let quiet = false; !quiet && violation === undefined; ) {
        quiet = true;
        for (const node of nodes.values()) {
          while (node.unflushed.length > 0) flush(node);
        }
        const flight = network.shift();
        if (flight !== undefined) arrive(flight);
        const [it] = pending;
        if (it !== undefined) execute(it);
        check();
        quiet =
          flight === undefined && it === undefined && [...nodes.values()].every((node) => node.unflushed.length === 0);
      }
      if (violation !== undefined) return false;
      if (!ownerLives()) takeOver(nodeAt(heir));
      for (const node of nodes.values()) if (node.up) find(node);
      const timers = [...nodes.values()].flatMap(timersOf);
      if (timers.filter(isOfUse).length === 0 && network.length === 0 && pending.length === 0) break;
      for (const timer of timers) fire(timer);
    }
    return (
      stores.every((it) => it.standing !== 'prepared' && it.standing !== 'open') &&
      [...nodes.values()].flatMap(timersOf).filter(isOfUse).length === 0
    );
  };
  begin();
  const diesAt = integerBelow(random, scenario.chaosSteps);
  const acceptorDiesAt = integerBelow(random, scenario.acceptorStaysDead === true ? scenario.chaosSteps : 1);
  for (let step = 0; step < scenario.chaosSteps && violation === undefined; step += 1) {
    if (scenario.coordinatorStaysDead === true && step === diesAt) {
      // Acceptors learn of branches by votes alone; so participants die with their manager, as they do in services.
      const dying = scenario.place === 'acceptors' ? stores.map((_, index) => `p${index}`) : [];
      for (const node of [manager, ...dying].map(nodeAt)) {
        crash(node);
        node.dead = true;
      }
    }
    if (scenario.acceptorStaysDead === true && step === acceptorDiesAt) {
      crash(nodeAt('a1'));
      nodeAt('a1').dead = true;
    }
    chaoticStep();
    check();
  }
  const resolved = violation === undefined && heal();
  return {
    violation,
    resolved,
    verdict: [...verdicts].join(),
    standings: stores.map((it) => it.standing),
    visited,
    births,
    rules,
    trace,
  };
}
