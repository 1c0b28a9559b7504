/** What can go wrong when a chart is drawn. */

import { QuorateError } from '../../statecharts/actor.ts';

/** The library that lays pictures out is not installed. */
export class LayoutMissingError extends QuorateError {
  readonly code = 'LAYOUT_MISSING';
}
