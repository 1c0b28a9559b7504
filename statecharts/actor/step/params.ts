/** What a chart gives a rule or a guard along with the context: a value, or a function of context and event. */
export type Params = unknown;

/** The parameters in `{ type: 'name', params }`. */
export const paramsOf = (reference: unknown): Params =>
  typeof reference === 'object' && reference !== null && 'params' in reference ? reference.params : undefined;
