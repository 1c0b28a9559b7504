/** Charts on paper: any statechart as Mermaid, DOT, SVG, or the configuration that Stately Studio reads. */

export { configOf, type Json } from './charts/config.ts';
export * from './charts/dot.ts';
export * from './charts/drawing.ts';
export * from './charts/errors.ts';
export { labelOf } from './charts/labels.ts';
export { type Box, type Layout, layoutOf, type PlacedArrow, type PlacedState, type Point } from './charts/layout.ts';
export * from './charts/mermaid.ts';
export { type Role, roles } from './charts/roles.ts';
export * from './charts/svg.ts';
