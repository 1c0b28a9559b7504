/** The bus: its interface, the transport in memory, and the operators that make any transport misbehave. */

export * from './bus/bus.ts';
export * from './bus/errors.ts';
export * from './bus/faults.ts';
export * from './bus/memory.ts';
