/** How the actors of a node come to life: from an input, and from the records that the journal holds of them. */

import {
  ActorDefinitionError,
  type Address,
  type AnyActor,
  type DelayRange,
  partsOf,
  type Tagged,
} from '../../statecharts/actor.ts';
import type { Clock } from '../environment/clock.ts';
import type { Journal, RecoveredRecord } from '../journal/journal.ts';
import type { StartOptions } from './contract.ts';
import type { Inspection } from './inspection.ts';
import type { Dispatch } from './jobs.ts';
import type { Life } from './life.ts';
import { readRecords } from './recovered-records.ts';
import type { Roster } from './roster.ts';
import type { ActorObserver, Runner, RunnerHost } from './runner/contract.ts';
import { startRunner } from './runner.ts';

export interface BirthsParts {
  /** The id of the node. */
  readonly node: string;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly roster: Roster;
  readonly life: Pick<Life, 'assertRunning'>;
  readonly dispatch: Dispatch;
  readonly inspection: Inspection;
  readonly host: RunnerHost;
}

/** How an actor is to begin. */
export type Birth = StartOptions<unknown> & { readonly observer?: ActorObserver };

export interface Births {
  /**
   * Begins an actor and carries out its first step.
   *
   * @throws what `Node.start` throws
   */
  now(definition: AnyActor, address: Address, birth: Birth): Runner;
  /** The same, with its first step in a later turn, so that the holder of its handle can listen to it. */
  soon(definition: AnyActor, address: Address, birth: Birth): Runner;
  /** Begins, soon, the actors of these definitions that the journal remembers. @throws like `now` */
  ofRecords(definitions: readonly AnyActor[]): void;
}

/** Makes what brings the actors of a node to life. */
export const createBirths = (parts: BirthsParts): Births => new NodeBirths(parts);

class NodeBirths implements Births {
  readonly #parts: BirthsParts;
  /** Records of actors that could not be started; the journal gives them out only once. */
  readonly #unread = new Map<Address, readonly RecoveredRecord[]>();

  constructor(parts: BirthsParts) {
    this.#parts = parts;
  }

  now(definition: AnyActor, address: Address, birth: Birth): Runner {
    const runner = this.#begin(definition, address, birth);
    this.#parts.dispatch(() => runner.launch());
    return runner;
  }

  soon(definition: AnyActor, address: Address, birth: Birth): Runner {
    const { clock, dispatch } = this.#parts;
    const runner = this.#begin(definition, address, birth);
    clock.enqueue(() => dispatch(() => runner.launch()));
    return runner;
  }

  ofRecords(definitions: readonly AnyActor[]): void {
    const { journal, roster } = this.#parts;
    if (definitions.length === 0) return;
    for (const address of journal.actors()) {
      const definition = definitions.find(({ name }) => name === partsOf(address).name);
      if (definition === undefined) continue;
      roster.remember(definition, address);
      const input = definition.bornOfRecords();
      if (input === undefined || roster.runners.has(address)) continue;
      this.soon(definition, address, { input });
    }
  }

  #begin(definition: AnyActor, address: Address, { input, delays = {}, observer }: Birth): Runner {
    const { life, roster, inspection, host } = this.#parts;
    life.assertRunning();
    roster.assertFree(address);
    assertKnown(definition, delays);
    const records = this.#recordsOf(definition, address);
    // What is durable comes back though a limit was lowered.
    if (records.length === 0) roster.assertRoomFor(definition, address);
    const runner = startRunner({ definition, address, input, records, delays, observer }, host);
    this.#unread.delete(address);
    roster.enter(runner);
    if (inspection.observed)
      inspection.report({
        type: 'started',
        actor: address,
        recoveredRecords: records.length,
        state: runner.state.snapshot.value,
      });
    return runner;
  }

  /** @throws RecordsVersionError, RefusedInputError */
  #recordsOf(definition: AnyActor, address: Address): readonly Tagged[] {
    const { journal } = this.#parts;
    const found = this.#unread.get(address) ?? journal.take(address);
    if (found.length > 0) this.#unread.set(address, found);
    return readRecords(definition, address, found, journal);
  }
}

/** @throws ActorDefinitionError for a delay that would replace none */
function assertKnown({ name, delays }: AnyActor, replaced: Readonly<Record<string, DelayRange>>): void {
  const unknown = Object.keys(replaced).find((it) => !Object.hasOwn(delays, it));
  if (unknown === undefined) return;
  throw new ActorDefinitionError(
    `actor '${name}': expected delays that it has, got '${unknown}'; it has ${Object.keys(delays).join(', ') || 'none'}`,
  );
}
