/** What every protocol is made of: addresses, effects, rules, delays, and the definition of an actor. */

export * from './actor/address.ts';
export * from './actor/define.ts';
export * from './actor/definition.ts';
export * from './actor/delays.ts';
export * from './actor/effects.ts';
export * from './actor/errors.ts';
export * from './actor/fragments.ts';
export * from './actor/given.ts';
export * from './actor/plain.ts';
export * from './actor/rules.ts';
export * from './actor/schemas.ts';
export * from './actor/senders.ts';
export type { ActorState, Step, Timer, TimerChange, Transition, TransitionTaken } from './actor/step.ts';
