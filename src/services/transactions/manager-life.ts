/**
 * What is known of the present life of a manager and the earlier ones, in one record that each change replaces: how many
 * there were, which resource was the last one in which of them, how far their outcomes are forgotten, and which resources
 * may know of commits that the manager has not heard of.
 */

import { type Address, parseTagged } from '../../../statecharts/actor.ts';
import type { RecoveredRecord } from '../../journal/journal.ts';
import { compareOrder, type Order } from './ids.ts';
import { type LastResource, lastResourceIn, type Surroundings, withLife, withoutSettled } from './last-resources.ts';
import { type LifeRecord, managerRecords } from './memory-records.ts';

export interface ManagerLife {
  /** Counted from 1. */
  readonly incarnation: number;
  /** Up to here, what is not remembered may have been forgotten. */
  readonly mark: Order;
  /** The resources of this life, and of all since one let resources forget. */
  readonly witnesses: readonly string[];
  /** How many lives, this one included, have begun since one let resources forget. */
  readonly livesKept: number;
  /** The last resource of a life; undefined when it had none, or when that is not known any more. */
  lastResourceIn(incarnation: number): string | undefined;
  /** Whether earlier lives may have left branches prepared whose decision only this resource knows. */
  mayDecide(resource: string): boolean;
  /** Gives up the last resources of earlier lives of which nothing is prepared any more. @returns whether there were any */
  settleEarlier(isSettled: (resource: string) => boolean): boolean;
  /** Raises the mark to a place, unless it is beyond that. */
  raiseMark(to: Order): void;
  /** Raises the mark to the end of the earlier lives: resources may forget from now on. */
  expireEarlier(): void;
  /** What is to be written down of all this. */
  record(): LifeRecord;
}

/**
 * Begins a life after those that the records tell of.
 *
 * @throws RefusedInputError for records that this program does not read
 */
export function beginLife(
  self: Address,
  records: readonly RecoveredRecord[],
  surroundings: Omit<Surroundings, 'incarnation'>,
): ManagerLife {
  let incarnation = 1;
  let mark: Order = { incarnation: 0, sequence: 0 };
  let lastResources: readonly LastResource[] = [];
  let forgetful = 0;
  let witnesses = surroundings.resources;
  for (const { record } of records) {
    const before = parseTagged(self, 'record', managerRecords, record);
    incarnation = before.incarnation + 1;
    mark = before.mark;
    lastResources = before.lastResources;
    forgetful = before.forgetful ?? before.incarnation;
    witnesses = [...new Set([...before.witnesses, ...surroundings.resources])];
  }
  const life: Surroundings = { ...surroundings, incarnation };
  lastResources = withLife(lastResources, life);

  const raiseMark = (to: Order): void => {
    if (compareOrder(to, mark) > 0) mark = { incarnation: to.incarnation, sequence: to.sequence };
  };
  return {
    incarnation,
    get mark() {
      return mark;
    },
    get witnesses() {
      return witnesses;
    },
    get livesKept() {
      return incarnation - forgetful;
    },
    lastResourceIn: (of) => lastResourceIn(lastResources, of),
    mayDecide: (resource) => lastResources.some((it) => it.from < incarnation && it.last === resource),
    settleEarlier(isSettled) {
      const left = withoutSettled(lastResources, life, isSettled);
      if (left.length === lastResources.length && left.every((it, index) => it === lastResources[index])) return false;
      lastResources = left;
      return true;
    },
    raiseMark,
    expireEarlier() {
      forgetful = incarnation;
      witnesses = surroundings.resources;
      raiseMark({ incarnation: incarnation - 1, sequence: Number.MAX_SAFE_INTEGER });
    },
    record: () => ({
      type: 'life',
      incarnation,
      mark,
      lastResources: [...lastResources],
      forgetful,
      witnesses: [...witnesses],
    }),
  };
}
