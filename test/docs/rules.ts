/** Tables of rules: what each step of a paper is in a chart, by the transitions that cite it. */

import type { AnyStateMachine } from 'xstate';
import type { Transition } from '../../statecharts/actor/step/contract.ts';
import { transitionsOf } from '../../statecharts/actor/step/trace.ts';

/** A row for each rule that `chart` cites: upon what, where, and where that leads. */
export function rulesTable(chart: AnyStateMachine): string {
  const byRule = new Map<string, Transition[]>();
  for (const transition of transitionsOf(chart).values()) {
    const { rule } = transition;
    if (rule !== undefined) byRule.set(rule, [...(byRule.get(rule) ?? []), transition]);
  }
  const short = (id: string): string => (id === chart.id ? 'any state' : id.replace(`${chart.id}.`, ''));
  const rows = [...byRule].map(([rule, taken]) => [
    rule,
    named(taken.map(({ event, guard }) => (event === '' ? conditionText(guard) : eventText(event)))),
    named(taken.map(({ source }) => short(source))),
    named(taken.flatMap(({ targets }) => targets.map(short))),
  ]);
  // Not padded: the widest cell of some would make every line of the table as long.
  return [['rule', 'upon', 'in', 'leads to'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** Each name once. */
const named = (names: readonly string[]): string =>
  [...new Set(names)].flatMap((name) => (name === '' ? [] : [`\`${name}\``])).join(', ');

/** A timer by its delay; a transition without an event is taken as soon as its guard holds. */
const eventText = (event: string): string =>
  event.replace(/^xstate\.after\.([^.]+)\..*$/, 'after $1').replace(/^xstate\.(\w+).*$/, '$1');

const conditionText = (guard: string | undefined): string => (guard === undefined ? 'at once' : `[${guard}]`);
