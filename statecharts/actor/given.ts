/** How charts come to their first context: it is their input, which the definition of an actor makes. */

import { QuorateError } from './errors.ts';

/** A chart was started without the context of its actor. */
export class ChartInputError extends QuorateError {
  readonly code = 'CHART_INPUT';
}

/**
 * The `context` of a chart whose input is its first context.
 *
 * @throws ChartInputError when there is none, as when a chart is started by itself
 */
export function given<Context>({ input }: { readonly input: Context }): Context {
  if (typeof input === 'object' && input !== null) return input;
  throw new ChartInputError(
    `expected the first context of the actor as input of its chart, got ${input === null ? 'null' : typeof input}; start the actor on a node (node.start(definition, { key, input })), or give createActor the input that definition.contextOf({ self, input }) makes`,
  );
}
