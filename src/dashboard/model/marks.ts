/** What stands out on a time line: what a person who looks for the moment of something looks for. */

import type { Shown } from '../feed.ts';
import type { Moment } from './moment.ts';

/** Something that stands out. */
export interface Mark {
  /** Where it has just happened. */
  readonly position: number;
  readonly atMs: number;
  readonly kind: 'role' | 'process' | 'fault' | 'violation';
  /** In a few words: `n2 leader`. */
  readonly text: string;
}

/** Whether `item` stands out, given how all was before it, and how. */
export function markOf(item: Shown, position: number, before: Moment): Mark | undefined {
  const mark = (kind: Mark['kind'], text: string): Mark => ({ position, atMs: item.atMs, kind, text });
  switch (item.type) {
    case 'down':
      return mark('process', `${item.node} down: ${item.reason}`);
    case 'up':
    case 'paused':
    case 'resumed':
      return mark('process', `${item.node} ${item.type}`);
    // What is busy tells of its actors now and then only.
    case 'actor':
    case 'step': {
      const known = before.actors.get(item.actor);
      const isNews = known !== undefined && known.role !== item.role && item.role !== undefined;
      return isNews ? mark('role', `${item.node} ${item.chart} ${item.role}`) : undefined;
    }
    case 'fault':
      return mark('fault', item.isActive ? item.text : `over: ${item.text}`);
    case 'violation':
      return mark('violation', `${item.claim}: ${item.text}`);
    default:
      return undefined;
  }
}
