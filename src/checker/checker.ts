/** The model checker: what models are made of, how they are checked, and how results are shown. */

export * from './check.ts';
export * from './errors.ts';
export * from './model.ts';
export * from './render.ts';
export * from './resources.ts';
export type { Progress } from './search/explore.ts';
export type { Change, Trace, TraceStep } from './search/trace.ts';
export type { ModelStep, Observation, StepKind } from './steps.ts';
