/** Which of what happened a person wants to see in a space-time diagram. */

import type { Address } from '../../../../statecharts/actor/address.ts';
import type { Shown } from '../../feed.ts';
import type { Timeline } from '../timeline.ts';
import type { Roles } from './roles.ts';
import type { Span } from './spans.ts';

/** What is wanted; all of it where nothing is said. */
export interface Wanted {
  /** Only what an actor or a node of this role did, sent or took in: `leader`. */
  readonly role?: string | undefined;
  /** Only what comes from or goes to an actor of this chart: `raft.server`. */
  readonly chart?: string | undefined;
  /** Only what has this text in it, in any case: a key, an id; all where empty. */
  readonly text: string;
}

/** What is known of the history: its roles, and until which position it has happened. */
interface Known {
  readonly timeline: Timeline;
  readonly roles: Roles;
  readonly position: number;
}

/** Whether the item at `place` is wanted. What is violated always is. */
export function wantedItem({ role, chart, text }: Wanted, known: Known): (item: Shown, place: number) => boolean {
  const hasText = having(text);
  const isOfChart = (address: Address): boolean => chart === undefined || address.split('/')[1] === chart;
  const hasRole = (address: Address, place: number): boolean =>
    role === undefined || known.roles.around(address, place).includes(role);
  return (item, place) => {
    if (item.type === 'violation') return true;
    if (item.type === 'sent' || item.type === 'lost') {
      const isOfRole = hasRole(item.from, place) || hasRole(item.to, placeOfArrival(item, place, known));
      return isOfRole && (isOfChart(item.from) || isOfChart(item.to)) && hasText(item);
    }
    if ('actor' in item && !(isOfChart(item.actor) && hasRole(item.actor, place))) return false;
    // Of a step, what it took in; its context holds everything, and would always match.
    return hasText(item.type === 'step' ? { actor: item.actor, cause: item.cause } : item);
  };
}

/** Whether what lasts is wanted: of clients' operations those with the text, of all else everything. */
export function wantedSpan({ text }: Wanted): (span: Span) => boolean {
  const hasText = having(text);
  return (span) => span.kind !== 'operation' || hasText(span.text);
}

function having(text: string): (value: unknown) => boolean {
  const wanted = text.trim().toLowerCase();
  return (value) => wanted === '' || JSON.stringify(value).toLowerCase().includes(wanted);
}

/** Where a message was taken in; while it was not, where it left. */
function placeOfArrival(item: Shown, place: number, { timeline, position }: Known): number {
  const arrival = item.type === 'sent' ? timeline.arrivalOf(item.id) : undefined;
  return arrival === undefined || arrival.place >= position ? place : arrival.place;
}
