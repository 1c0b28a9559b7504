/** The transactions that are under way: how old each is, how far it has come, and who is waited for. */

import { type Address, partsOf } from '../../../statecharts/actor/address.ts';
import { field, recordsAt, textAt } from './fields.ts';
import type { ActorNow, Moment } from './moment.ts';

/** A transaction. */
export interface OpenTransaction {
  readonly transaction: string;
  /** Who coordinates it; of one whose coordinator is not there, the participant that waits. */
  readonly actor: Address;
  readonly node: string;
  readonly phase: string;
  readonly ageMs: number;
  readonly waitsFor: readonly string[];
}

/** Those that are open at `moment`, the oldest first. */
export function openTransactions(moment: Moment, atMs: number): readonly OpenTransaction[] {
  const actors = [...moment.actors.values()];
  const coordinated = actors.flatMap((actor) => (actor.chart === '2pc.coordinator' ? coordinatedBy(actor, atMs) : []));
  const known = new Set(coordinated.map(({ actor }) => actor));
  const left = actors.flatMap((actor) => (actor.chart === '2pc.participant' ? inDoubt(actor, atMs, known) : []));
  return [...coordinated, ...left].sort((one, other) => other.ageMs - one.ageMs);
}

function coordinatedBy(actor: ActorNow, atMs: number): readonly OpenTransaction[] {
  const { context } = actor;
  const [stage = '', phase = stage] = statesIn(actor.value);
  const outcome = textAt(context, 'outcome');
  // One that answers for a transaction of which it knows nothing, or remembers its end for those who may ask, is not open.
  if (stage === 'presuming' || stage === 'finished' || (stage === 'decided' && phase === 'retained')) return [];
  return [
    {
      transaction: textAt(context, 'transaction') ?? partsOf(actor.actor).key,
      actor: actor.actor,
      node: actor.node,
      phase: stage === 'decided' ? (outcome ?? phase) : phase,
      ageMs: Math.max(0, atMs - actor.bornMs),
      waitsFor: stage === 'decided' && phase !== 'ending' ? unacknowledged(context) : decidersOf(phase, context),
    },
  ];
}

const unacknowledged = (context: unknown): readonly string[] =>
  recordsAt(context, 'branches')
    .filter((branch) => branch.acknowledged === false && branch.vote !== 'read-only')
    .map(branchText);

/** Who is waited for before the decision, in that phase; nothing but the application while it works. */
function decidersOf(phase: string, context: unknown): readonly string[] {
  const silent = recordsAt(context, 'branches')
    .filter(({ vote }) => vote === 'awaited')
    .map(branchText);
  switch (phase) {
    case 'collecting':
      return silent;
    case 'polling':
      return silent.length > 0 ? silent : ['the acceptors'];
    case 'leading':
      return ['the acceptors'];
    case 'delegating':
      return silent.length > 0 ? silent : ['the last resource'];
    case 'registering':
    case 'claiming':
    case 'ruling':
    case 'fenced':
    case 'ending':
      return ['the decision register'];
    default:
      return [];
  }
}

/** The names of the active states, from the outermost in; of regions at once, the first. */
function statesIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  const [first] = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return first === undefined ? [] : [first[0], ...statesIn(first[1])];
}

/** `orders at n2`. */
function branchText(branch: unknown): string {
  const resource = textAt(branch, 'resource') ?? textAt(branch, 'branch') ?? 'a branch';
  const address = textAt(branch, 'address');
  return address === undefined ? resource : `${resource} at ${address.split('/')[0]}`;
}

/** A participant that has promised to commit, and whose coordinator is not to be seen. */
function inDoubt(actor: ActorNow, atMs: number, known: ReadonlySet<Address>): readonly OpenTransaction[] {
  const coordinator = textAt(actor.context, 'coordinator');
  const isCoordinated = [...known].some((address) => address === coordinator);
  if (statesIn(actor.value)[0] !== 'inDoubt' || isCoordinated) return [];
  return [
    {
      transaction: textAt(field(actor.context, 'branch'), 'transaction') ?? partsOf(actor.actor).key,
      actor: actor.actor,
      node: actor.node,
      phase: 'in doubt',
      ageMs: Math.max(0, atMs - actor.bornMs),
      waitsFor: coordinator === undefined ? [] : [coordinator],
    },
  ];
}
