/** What a transaction manager is made of, its times and limits, and what makes no sense among them. */

import type { TwoPhaseCommit } from '../../../statecharts/two-phase-commit.ts';
import type { Environment } from '../../environment/environment.ts';
import type { Node, Resources } from '../../host/node.ts';
import { branchLimits } from '../../resources/branch.ts';
import type { Decisions } from './decisions.ts';
import { TransactionOptionsError } from './errors.ts';
import { type DecisionRegister, isDecisionRegister } from './register/register.ts';
import { isParticipating, type Participating } from './work.ts';

/** How long a manager waits, in milliseconds. */
export interface TransactionTimes {
  /** From the beginning of a transaction to the end of its function, unless the call says otherwise. Default 30,000. */
  readonly timeoutMs: number;
  /** From the request to prepare to the last vote; longer aborts. Default 10,000. */
  readonly voteTimeoutMs: number;
  /** How long a caller waits for the decision after that request; then the outcome is unknown. Default 15,000. */
  readonly outcomeTimeoutMs: number;
  /** For one answer of a resource. Default 5,000. */
  readonly resourceDeadlineMs: number;
  /**
   * Between repetitions of whatever was not answered, drawn up to half as long again. Default 250: what was missing and is
   * back gets its branches resolved within two of these.
   */
  readonly retryIntervalMs: number;
  /** Between inquiries of a branch in doubt: an application that restarts wants its locks back soon. Default 250. */
  readonly inquiryIntervalMs: number;
  /** Between passes of recovery over the resources. Default 5,000. */
  readonly recoveryIntervalMs: number;
  /**
   * For how long committed outcomes and their idempotency keys are remembered, unless `limits.keptOutcomes` ends that
   * earlier. Default 3,600,000, an hour.
   */
  readonly retentionMs: number;
}

/** How much a manager takes upon itself. */
export interface TransactionLimits {
  /** Transactions under way at once; more are refused. Default 1,000. */
  readonly openTransactions: number;
  /** Statements of one transaction. Default 10,000. */
  readonly statements: number;
  /** Committed outcomes remembered at most; beyond that the oldest are forgotten early, which is counted. Default 1,000,000. */
  readonly keptOutcomes: number;
  /**
   * One result that is kept for repetitions, in bytes of JSON; more aborts its transaction. Default 4,096, which is the most
   * with a register.
   */
  readonly resultBytes: number;
  /** All of them; beyond that the oldest outcomes are forgotten early, which is counted. Default 67,108,864. */
  readonly keptResultBytes: number;
}

export interface TransactionManagerOptions<Owned extends Resources> {
  /** The node on whose resources it works; whose actors it brings along. One manager per node. */
  readonly node: Node<Owned>;
  /** The same as the node's; the system's by default. */
  readonly environment?: Environment;
  /**
   * A resource that is never prepared: where it takes part, its commit in one phase, after the votes of all others, is
   * the decision. Only where decisions are otherwise kept in the journal.
   */
  readonly last?: keyof Owned & string;
  /**
   * Where decisions are kept: `inJournal()`, the default, or where they outlive this node: `inRegister('decisions')`,
   * `paxosCommit({ acceptors: ['n1', 'n2', 'n3'] })`.
   */
  readonly decisions?: Decisions<keyof Owned & string>;
  /** The actors that carry transactions out. Proofs put variants in their place. */
  readonly protocol?: TwoPhaseCommit;
  /**
   * Whether a transaction within the function of another one is refused at a resource that both use, or goes unchecked.
   * Default `refused`. What it costs on Node 20: about a sixth more of the processor for each transaction, as the runtime
   * then follows every promise of the process.
   */
  readonly nested?: 'refused' | 'unchecked';
  readonly times?: Partial<TransactionTimes>;
  readonly limits?: Partial<TransactionLimits>;
}

const defaultTimes: TransactionTimes = {
  timeoutMs: 30_000,
  voteTimeoutMs: 10_000,
  outcomeTimeoutMs: 15_000,
  resourceDeadlineMs: 5_000,
  retryIntervalMs: 250,
  inquiryIntervalMs: 250,
  recoveryIntervalMs: 5_000,
  retentionMs: 3_600_000,
};
const defaultLimits: TransactionLimits = {
  openTransactions: 1_000,
  statements: 10_000,
  keptOutcomes: 1_000_000,
  resultBytes: 4_096,
  keptResultBytes: 64 * 2 ** 20,
};

function refuse(message: string): never {
  throw new TransactionOptionsError(message);
}

/** The times, checked. @throws TransactionOptionsError */
export function timesOf(given: Partial<TransactionTimes> = {}): TransactionTimes {
  return positive({ ...defaultTimes, ...given }, 'time');
}

/** What a register keeps of one result: all of its nodes must agree on it. */
const maxRegisteredBytes = 4_096;

/** The limits, checked. @throws TransactionOptionsError */
export function limitsOf(given: Partial<TransactionLimits> = {}, decisions?: Decisions): TransactionLimits {
  const limits = positive({ ...defaultLimits, ...given }, 'limit');
  if (decisions?.type === 'register' && limits.resultBytes > maxRegisteredBytes) {
    refuse(`expected limits.resultBytes of at most ${maxRegisteredBytes} with a register, got ${limits.resultBytes}`);
  }
  return limits;
}

/** What becomes of nested transactions, checked. @throws TransactionOptionsError */
export function nestedOf(given: TransactionManagerOptions<Resources>['nested'] = 'refused'): 'refused' | 'unchecked' {
  if (given === 'refused' || given === 'unchecked') return given;
  refuse(`expected as nested one of refused, unchecked, got ${String(given)}`);
}

function positive<Values extends object>(values: Values, what: string): Values {
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === 'number' && Number.isFinite(value) && value > 0) continue;
    refuse(`expected ${what} '${name}' to be a finite number above 0, got ${String(value)}`);
  }
  return values;
}

/**
 * The resources of the node at which transactions can have branches.
 *
 * @throws TransactionOptionsError when node, `last` or `decisions` are not what a manager can work with
 */
export function participatingOf<Owned extends Resources>({
  node,
  last,
  decisions,
}: TransactionManagerOptions<Owned>): Readonly<Record<string, Participating>> {
  const resources: Record<string, Participating> = {};
  for (const [name, resource] of Object.entries<Resources[string]>(node.resources)) {
    if (!isParticipating(resource)) continue;
    checkName('the name of a resource', name, branchLimits.branch);
    resources[name] = resource;
  }
  checkName('the id of the node', node.id, branchLimits.manager);
  if (Object.keys(resources).length === 0) refuse(`node '${node.id}' has no resource that takes part in transactions`);
  if (last !== undefined && resources[last] === undefined) refuse(`there is no transactional resource '${last}'`);
  if (decisions === undefined || decisions.type === 'journal') return resources;
  if (last !== undefined) {
    refuse('a transaction is decided in one place: give either `last`, or `decisions` that are not in the journal');
  }
  if (decisions.type === 'acceptors') return resources;
  const held = node.resources[decisions.resource];
  if (held === undefined || !isDecisionRegister(held)) {
    refuse(`the resource '${decisions.resource}' is no decision register`);
  }
  return resources;
}

/** The decision register of a node, if decisions are kept in one. */
export function registerOf(node: Node, decisions: Decisions): DecisionRegister | undefined {
  const held = decisions.type === 'register' ? node.resources[decisions.resource] : undefined;
  return held !== undefined && isDecisionRegister(held) ? held : undefined;
}

function checkName(what: string, name: string, maxLength: number): void {
  if (name.length <= maxLength && /^[A-Za-z0-9_.~-]+$/.test(name)) return;
  refuse(`expected as ${what} 1 to ${maxLength} characters of A-Z a-z 0-9 _ . ~ -, got '${name}'`);
}
