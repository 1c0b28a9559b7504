/** The nodes of the systems that are checked. */

import { BoundError } from './bounds.ts';

/** `n1`, `n2`, ... for the letter `n`. */
export const numbered = (letter: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`);

/** @throws BoundError when a node is to crash that is none of `nodes` */
export function assertThere(crashing: readonly string[], nodes: readonly string[]): void {
  const stray = crashing.find((node) => !nodes.includes(node));
  if (stray !== undefined) throw new BoundError(`expected --crashing to name nodes that there are, got '${stray}'`);
}
