/** Watching nodes: the Stately Inspector, and charts as Mermaid diagrams. */

export { type Bounds, bounded, defaultBounds } from './inspector/bounded.ts';
export * from './inspector/mermaid.ts';
export * from './inspector/stately.ts';
