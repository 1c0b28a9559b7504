/** Replicated stores: the service, the key-value state machine, sessions, and clients over any bus. */

export * from './services/errors.ts';
export * from './services/key-value.ts';
export * from './services/key-value-store.ts';
export * from './services/replicated-store.ts';
export type { StateMachine } from './services/state-machine.ts';
export { type Client, createStoreClient, type StoreClientOptions } from './services/store-client.ts';
