/** How a proof is told as it goes. */

import type { Terminal } from '../terminal.ts';

/** Where a proof is told: to people, and as data, one JSON value a line, where that is asked for. */
export interface Told {
  readonly terminal: Terminal;
  json(value: Readonly<Record<string, unknown>>): void;
}
