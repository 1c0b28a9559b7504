/**
 * Turns what is heard of a simulated run into the items of a feed: the network's and the machines' own words, and the
 * inspection of each node. Times are the run's true ones, not those of a machine whose clock may be wrong.
 */

import type { Subscription } from 'rxjs';
import { type Address, nodeOf, partsOf, type Send } from '../../../statecharts/actor.ts';
import type { Envelope } from '../../bus/bus.ts';
import type { InspectionEvent } from '../../host/inspection.ts';
import type { Node } from '../../host/node.ts';
import type { RunObserver } from '../../simulator/run.ts';
import type { OperationEnd } from '../../simulator/scenario.ts';
import type { Fault, PlannedOperation, Schedule } from '../../simulator/schedule.ts';
import type { Shown } from '../feed.ts';
import { isRecord, shortText, shownActor, shownCause, shownEffects, shownMessage, shownTransitions } from '../shown.ts';
import { faultText, linksOf, nodesOf } from './fault-text.ts';
import { Pairing } from './pairing.ts';

/** An item without when it happened. */
type Untimed = Shown extends infer Item ? (Item extends Shown ? Omit<Item, 'atMs'> : never) : never;

/** Why a machine goes down where a fault takes it down, by the kind of the fault. */
const deadly: Readonly<Partial<Record<Fault['kind'], string>>> = {
  crash: 'killed',
  wipe: 'killed',
  rollback: 'killed',
  'failing-disk': 'its disk failed',
  'full-disk': 'its disk is full',
};

/**
 * Observes one run.
 *
 * @param ordered the faults that a person ordered
 * @param emit takes each item as it happens
 */
export function observeRun(schedule: Schedule, ordered: ReadonlySet<Fault>, emit: (item: Shown) => void): RunObserver {
  const observer = new RunItems(schedule, ordered, emit);
  return {
    begins: ({ nowMs }) => observer.begins(nowMs),
    network: (event) => observer.network(event),
    booted: ({ id, app }) => observer.booted(id, app?.node),
    died: (machine) => observer.died(machine),
    fault: (fault, isActive) => observer.fault(fault, isActive),
    healed: (quorum) => observer.healed(quorum),
    invoked: (operation) => observer.invoked(operation),
    ended: (operation, outcome) => observer.ended(operation, outcome),
  };
}

class RunItems {
  readonly #schedule: Schedule;
  readonly #ordered: ReadonlySet<Fault>;
  readonly #emit: (item: Shown) => void;
  readonly #pairing = new Pairing();
  readonly #faults = new Map<Fault, string>();
  readonly #operations = new Map<PlannedOperation, string>();
  readonly #inspections = new Map<string, Subscription>();
  readonly #nodes = new Map<string, Node>();
  readonly #up = new Set<string>();
  #nowMs: () => number = () => 0;
  #names = 0;

  constructor(schedule: Schedule, ordered: ReadonlySet<Fault>, emit: (item: Shown) => void) {
    this.#schedule = schedule;
    this.#ordered = ordered;
    this.#emit = emit;
  }

  begins(nowMs: () => number): void {
    this.#nowMs = nowMs;
  }

  network({ type, envelope, ...rest }: Parameters<NonNullable<RunObserver['network']>>[0]): void {
    const { from, to, message } = envelope;
    if (type === 'delivered') {
      this.#arrived(envelope);
      return;
    }
    const shown = { from, to, message: shownMessage(message) };
    if (type === 'cut') {
      const reason = this.#up.has(nodeOf(to)) ? 'the link is cut' : `${nodeOf(to)} is down`;
      this.#tell({ type: 'lost', node: nodeOf(to), ...this.#sentAs(this.#pairing.nameOf(envelope)), ...shown, reason });
      return;
    }
    const id = this.#name('m');
    const step = this.#pairing.sent(envelope, id);
    this.#tell({ type: 'sent', node: nodeOf(from), id, ...(step === undefined ? {} : { step }), ...shown });
    if ('fate' in rest && rest.fate.length === 0) {
      this.#tell({ type: 'lost', node: nodeOf(from), sent: id, ...shown, reason: 'lost on the way' });
    }
  }

  /** What an actor took in, its step tells; that a service took something in, nothing else does. */
  #arrived(envelope: Envelope): void {
    const { to } = envelope;
    const node = this.#nodes.get(nodeOf(to));
    if (node === undefined) return;
    if (node.isAlive(to) || node.definitions.includes(partsOf(to).name)) {
      this.#pairing.arrived(envelope);
      return;
    }
    const sent = this.#pairing.nameOf(envelope);
    if (sent !== undefined) this.#tell({ type: 'arrived', node: node.id, sent, to });
  }

  booted(id: string, node: Node | undefined): void {
    this.#up.add(id);
    this.#tell({ type: 'up', node: id });
    if (node === undefined) return;
    this.#nodes.set(id, node);
    for (const actor of node.actors()) this.#tellActor(node, actor);
    this.#inspections.get(id)?.unsubscribe();
    this.#inspections.set(
      id,
      node.inspection.subscribe((event) => this.#inspected(node, event)),
    );
  }

  died(id: string): void {
    this.#inspections.get(id)?.unsubscribe();
    this.#inspections.delete(id);
    this.#nodes.delete(id);
    for (const { sent, from, to, message } of this.#pairing.gone(id)) {
      const reason = `${id} went down before it took it in`;
      this.#tell({ type: 'lost', node: id, sent, from, to, message: shownMessage(message), reason });
    }
    const isKnown = this.#up.delete(id);
    const cause = [...this.#faults.keys()].find(
      (fault) => 'node' in fault && fault.node === id && fault.kind in deadly,
    );
    const reason = (cause && deadly[cause.kind]) ?? 'it stopped itself';
    if (isKnown) this.#tell({ type: 'down', node: id, reason });
  }

  fault(fault: Fault, isActive: boolean): void {
    const nodes = nodesOf(fault, this.#schedule.nodes);
    const id = this.#faults.get(fault) ?? this.#name('f');
    if (isActive) this.#faults.set(fault, id);
    else this.#faults.delete(fault);
    const [node = 'n1'] = nodes;
    const byHand = this.#ordered.has(fault);
    const links = linksOf(fault, this.#schedule.nodes);
    const touched = { nodes, ...(links.length === 0 ? {} : { links }) };
    this.#tell({ type: 'fault', node, id, isActive, text: faultText(fault), ...touched, byHand });
    if (fault.kind === 'pause') this.#tell({ type: isActive ? 'paused' : 'resumed', node });
  }

  /** What lasts is wrong only outside of the quorum from now on. */
  healed(quorum: readonly string[]): void {
    for (const fault of [...this.#faults.keys()]) {
      if (nodesOf(fault, this.#schedule.nodes).every((node) => quorum.includes(node))) this.fault(fault, false);
    }
  }

  invoked(operation: PlannedOperation): void {
    const id = this.#name('o');
    this.#operations.set(operation, id);
    this.#tellOperation(operation, id, 'began', shortText(operation.operation));
  }

  ended(operation: PlannedOperation, outcome: OperationEnd): void {
    const id = this.#operations.get(operation);
    this.#operations.delete(operation);
    const what = outcome.type === 'ok' ? shortText(outcome.value) : outcome.reason;
    if (id !== undefined) this.#tellOperation(operation, id, 'ended', `${outcome.type} ${what}`.trimEnd());
  }

  #tellOperation(
    { client, node, operation }: PlannedOperation,
    id: string,
    phase: 'began' | 'ended',
    text: string,
  ): void {
    const key = isRecord(operation) && typeof operation.key === 'string' ? { key: operation.key } : {};
    this.#tell({ type: 'operation', node, id, phase, client: client < 0 ? 'probe' : `c${client}`, text, ...key });
  }

  #inspected(node: Node, event: InspectionEvent): void {
    const { id } = node;
    switch (event.type) {
      case 'started':
        this.#tellActor(node, event.actor);
        return;
      case 'stopped':
        this.#tell({ type: 'gone', node: id, actor: event.actor });
        return;
      case 'failed':
        if (event.actor !== undefined) {
          this.#tell({ type: 'gone', node: id, actor: event.actor, error: event.error.message });
        }
        return;
      case 'step':
        this.#tellStep(node, event);
        return;
      case 'flushed':
        this.#tell({ type: 'flushed', node: id, actor: event.actor });
        return;
      case 'refused': {
        const { from, to, message, reason } = event;
        const sent = this.#sentAs(this.#pairing.taken(from, to, message));
        this.#tell({ type: 'lost', node: id, ...sent, from, to, message: shownMessage(message), reason });
        return;
      }
      case 'peer': {
        const { node: peer, status, reason } = event.peer;
        this.#tell({ type: 'peer', node: id, peer, status, ...(reason === undefined ? {} : { reason }) });
        return;
      }
      default:
        // What is released, lost or changes its role is told by the network, and by the steps.
        return;
    }
  }

  #tellStep(node: Node, event: InspectionEvent & { readonly type: 'step' }): void {
    const { actor, from, cause, transitions, effects } = event;
    const living = node.peek(actor);
    if (living === undefined) return;
    const id = this.#name('s');
    const sent = nodeOf(from) === node.id ? undefined : this.#pairing.taken(from, actor, cause);
    this.#tell({
      type: 'step',
      node: node.id,
      id,
      from,
      cause: shownCause(cause, living.definition),
      ...this.#sentAs(sent),
      transitions: shownTransitions(transitions),
      effects: shownEffects(effects),
      ...shownActor(actor, living.definition, living.state),
    });
    this.#pairing.asked(
      actor,
      id,
      effects.filter((effect): effect is Send => effect.type === 'send'),
    );
  }

  #tellActor(node: Node, actor: Address): void {
    const living = node.peek(actor);
    if (living === undefined) return;
    this.#tell({ type: 'actor', node: node.id, ...shownActor(actor, living.definition, living.state) });
  }

  #sentAs = (sent: string | undefined): { readonly sent?: string } => (sent === undefined ? {} : { sent });

  #tell(item: Untimed): void {
    this.#emit({ ...item, atMs: this.#nowMs() });
  }

  #name(kind: string): string {
    this.#names += 1;
    return `${kind}${this.#names}`;
  }
}
