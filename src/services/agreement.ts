/** Agreement among nodes without a log: one value for ever, or a register that changes by compare-and-set. */

export * from './agreement/agree.ts';
export { registerWaitingLimit } from './agreement/changes.ts';
export { agreementDefinitions, type DecisionOptions, keyLimitBytes } from './agreement/decision.ts';
export * from './agreement/errors.ts';
export { defaultValueLimitBytes, type Json } from './agreement/json.ts';
export { openRegister, type Register, type RegisterOptions } from './agreement/register.ts';
