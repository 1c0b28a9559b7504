/** Watching nodes: the Stately Inspector. */

export { type Bounds, bounded, defaultBounds } from './inspector/bounded.ts';
export * from './inspector/stately.ts';
