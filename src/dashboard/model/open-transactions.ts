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
  const { context, role = '' } = actor;
  const branches = recordsAt(context, 'branches');
  const outcome = textAt(context, 'outcome');
  const waiting = branches.filter((branch) =>
    outcome === undefined ? branch.vote === 'awaited' : branch.acknowledged === false && branch.vote !== 'read-only',
  );
  // One that is only remembered, for those who may still ask, waits for nothing.
  if (outcome !== undefined && waiting.length === 0) return [];
  return [
    {
      transaction: textAt(context, 'transaction') ?? partsOf(actor.actor).key,
      actor: actor.actor,
      node: actor.node,
      phase: outcome ?? role,
      ageMs: Math.max(0, atMs - actor.bornMs),
      waitsFor: waiting.map((branch) => branchText(branch)),
    },
  ];
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
  if (actor.role !== 'in-doubt' || isCoordinated) return [];
  return [
    {
      transaction: textAt(field(actor.context, 'branch'), 'transaction') ?? partsOf(actor.actor).key,
      actor: actor.actor,
      node: actor.node,
      phase: 'in doubt',
      ageMs: Math.max(0, atMs - actor.roleSinceMs),
      waitsFor: coordinator === undefined ? [] : [coordinator],
    },
  ];
}
