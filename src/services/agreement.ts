/** Agreement among nodes without a log: one value for ever. */

export * from './agreement/agree.ts';
export { agreementActors, type DecisionOptions, keyLimitBytes } from './agreement/decision.ts';
export * from './agreement/errors.ts';
export type { Json } from './agreement/json.ts';
