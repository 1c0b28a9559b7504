/**
 * Follows transactions through the coordinators, participants and acceptors of one node: votes collected, the decision made
 * durable, every branch ended; and each operation that a database was asked for.
 */

import { type Address, type Effect, nodeOf, partsOf, type Tagged } from '../../statecharts/actor.ts';
import { acceptor, coordinator, participant } from '../../statecharts/two-phase-commit.ts';
import { type InspectionEvent, leavingAtOnce } from '../host/inspection.ts';
import { isBetweenNodes } from './entries.ts';
import { transactionSubject } from './ids.ts';
import type { Ending, Work, Works } from './works.ts';

type StepEvent = InspectionEvent & { readonly type: 'step' };
type Role = 'coordinator' | 'participant' | 'acceptor';

const roles: Readonly<Record<string, Role>> = {
  [coordinator.name]: 'coordinator',
  [participant.name]: 'participant',
  [acceptor.name]: 'acceptor',
};

/** What a coordinator goes through, one after the other. */
const prepare = 'prepare';
const decision = 'decision';
const commit = 'commit';

export class TransactionTracer {
  readonly #works: Works;

  constructor(works: Works) {
    this.#works = works;
  }

  tell(event: InspectionEvent): void {
    switch (event.type) {
      case 'step':
        this.#step(event);
        break;
      case 'released':
        for (const effect of event.effects) this.#leave(event.actor, effect, event.atMs);
        break;
      case 'stopped':
        this.#stopped(event.actor, event.atMs);
        break;
      case 'failed':
        if (event.actor !== undefined) this.#stopped(event.actor, event.atMs);
        break;
    }
  }

  #step(event: StepEvent): void {
    const { actor, from, cause, effects, atMs } = event;
    const role = roles[partsOf(actor).name];
    if (role === undefined) return;
    const work = this.#works.of(actor) ?? this.#begin(role, event);
    if (work === undefined) return;
    if (isBetweenNodes(from, actor)) this.#note(work, 'received', cause, from, atMs);
    if (cause.type === 'performed' && 'id' in cause) {
      this.#works.endPart(work, `perform ${String(cause.id)}`, atMs, endingOf(cause));
    }
    if (role === 'coordinator' && cause.type === 'commit') this.#works.part(work, prepare, prepare, atMs);
    if (role === 'coordinator' && effects.some(decides)) this.#decide(work, atMs);
    for (const effect of leavingAtOnce(event)) this.#leave(actor, effect, atMs);
    if (isOver(role, event)) this.#works.end(work, atMs);
  }

  #begin(role: Role, event: StepEvent): Work | undefined {
    if (!isBeginning(role, event) || isOver(role, event)) return undefined;
    const { actor, node, atMs } = event;
    const [transaction = '', branch] = partsOf(actor).key.split('/');
    const name = role === 'coordinator' ? 'transaction' : role === 'participant' ? `branch ${branch}` : 'acceptor';
    return this.#works.begin(actor, transactionSubject(transaction), name, atMs, {
      'quorate.node': node,
      'quorate.actor': actor,
      'quorate.transaction': transaction,
      ...(branch === undefined ? {} : { 'quorate.branch': branch }),
    });
  }

  /** All votes that count are in, and what follows from them is on its way to where it is kept. */
  #decide(work: Work, atMs: number): void {
    if (!work.parts.has(prepare)) return;
    this.#works.endPart(work, prepare, atMs);
    this.#works.part(work, decision, decision, atMs);
  }

  #leave(actor: Address, effect: Effect, atMs: number): void {
    const work = this.#works.of(actor);
    if (work === undefined) return;
    switch (effect.type) {
      case 'send':
        if (isBetweenNodes(actor, effect.to)) this.#note(work, 'sent', effect.message, effect.to, atMs);
        break;
      case 'perform': {
        const { id, operation, resource } = effect;
        this.#works.part(work, `perform ${id}`, `${operation.type} ${resource}`, atMs, {
          'quorate.resource': resource,
          'quorate.operation': operation.type,
        });
        break;
      }
      case 'deliver':
        this.#delivered(work, effect.output, atMs);
        break;
      case 'persist':
    }
  }

  #delivered(work: Work, output: Tagged, atMs: number): void {
    switch (output.type) {
      case 'committed':
      case 'aborted':
      case 'fenced':
        this.#works.endPart(work, prepare, atMs);
        this.#works.endPart(work, decision, atMs);
        work.span.setAttribute('quorate.outcome', output.type);
        if (output.type === 'committed') this.#works.part(work, commit, commit, atMs);
        else if (output.type === 'aborted') work.span.setAttribute('quorate.reason', reasonIn(output));
        break;
      case 'hazard':
        this.#works.note(work, 'hazard', atMs);
        break;
      case 'ended':
        this.#works.endPart(work, commit, atMs);
        this.#works.end(work, atMs);
        break;
    }
  }

  #note(work: Work, what: 'sent' | 'received', message: Tagged, peer: Address, atMs: number): void {
    this.#works.note(work, `${what} ${message.type}`, atMs, { 'quorate.peer': nodeOf(peer) });
  }

  #stopped(actor: Address, atMs: number): void {
    const work = this.#works.of(actor);
    if (work !== undefined) this.#works.giveUp(work, atMs, 'the actor has stopped');
  }
}

/** A coordinator that only remembers an outcome, and a participant that has ended, begin nothing when they are asked. */
function isBeginning(role: Role, { cause, effects }: StepEvent): boolean {
  switch (role) {
    case 'coordinator':
      return (
        ['enlist', 'commit', 'abort', 'take-over'].includes(cause.type) ||
        effects.some(({ type }) => type === 'perform')
      );
    case 'participant':
      return true;
    case 'acceptor':
      return cause.type !== 'end';
  }
}

function isOver(role: Role, { state, cause }: StepEvent): boolean {
  if (role === 'acceptor') return cause.type === 'end';
  const top = typeof state === 'object' && state !== null ? Object.keys(state)[0] : state;
  return role === 'participant' && (top === 'finished' || top === 'gone');
}

/** The record of the decision, or the question to the register that makes it. */
const decides = (effect: Effect): boolean =>
  (effect.type === 'persist' && effect.record.type === 'committed') ||
  (effect.type === 'perform' && effect.operation.type === 'decide-transaction');

/** How an operation ended; that it is not known, or was refused, is what a person looks for. */
function endingOf(performed: Tagged): Ending {
  if (!('result' in performed) || typeof performed.result !== 'object' || performed.result === null) return {};
  const { result } = performed;
  const type = 'type' in result ? String(result.type) : 'unknown';
  const attributes = { 'quorate.result': type };
  return type === 'done' ? { attributes } : { attributes, error: 'error' in result ? String(result.error) : type };
}

function reasonIn(output: Tagged): string {
  if (!('reason' in output) || typeof output.reason !== 'object' || output.reason === null) return 'unknown';
  return 'code' in output.reason ? String(output.reason.code) : 'unknown';
}
