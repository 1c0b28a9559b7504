/** Resources that take part in transactions: the interface for one's own, its adapter to actors, the embedded store. */

export * from './resources/adapter.ts';
export * from './resources/branch.ts';
export * from './resources/embedded/store.ts';
export * from './resources/errors.ts';
export type { BranchIsolation, BranchMode, ModesOffered } from './resources/mode.ts';
export type { Operation, Resource } from './resources/resource.ts';
export * from './resources/transactional.ts';
