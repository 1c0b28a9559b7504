/**
 * Servers that managers of a group watch and steer: the interface for one's own, and a group in memory. Experimental: names
 * and shapes may change between minor versions.
 */

export * from './managed/errors.ts';
export * from './managed/memory.ts';
export * from './managed/server.ts';
