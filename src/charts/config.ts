/**
 * Charts as data: the configuration that `createMachine` was given, in JSON, for Stately Studio and for whatever reads XState's
 * own form. Functions have no form in JSON: parameters and the first context are left out, names stay.
 */

import type { AnyStateMachine } from 'xstate';
import { nameOf } from '../../statecharts/actor/names.ts';
import { guardText } from '../../statecharts/actor/step/trace.ts';

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * The configuration of `chart`. `createMachine` makes of it a machine with the same states and transitions, and so the same
 * picture; a guard that is composed of others is called by the text of its composition.
 */
export const configOf = (chart: AnyStateMachine): Json => dataOf(chart.config);

function dataOf(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value;
  if (typeof value === 'function') return guardText(value) || nameOf(value, true) || value.name;
  if (Array.isArray(value)) return value.map(dataOf);
  if (typeof value !== 'object') return null;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]) => (isLeftOut(key, part) ? [] : [[key, dataOf(part)]])),
  );
}

const isLeftOut = (key: string, part: unknown): boolean =>
  part === undefined || ((key === 'context' || key === 'params') && typeof part === 'function');
