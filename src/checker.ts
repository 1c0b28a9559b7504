/** The model checker: what models are made of, how they are checked, and how results are shown. */

export * from './checker/check.ts';
export * from './checker/errors.ts';
export type { Fair, FairSteps, Strength } from './checker/fairness.ts';
export * from './checker/model.ts';
export * from './checker/receptions/render.ts';
export * from './checker/receptions.ts';
export { refinement, type Specification } from './checker/refinement.ts';
export * from './checker/render.ts';
export * from './checker/resources.ts';
export type { Progress } from './checker/search/explore.ts';
export type { Change, Trace, TraceStep } from './checker/search/trace.ts';
export type { ModelStep, Observation, StepKind } from './checker/steps.ts';
export type { ChartStep, Standing } from './checker/system/chart-step.ts';
export type { Doubt, PropertyResult, Verdict } from './checker/verdicts.ts';
export * from './checker/walk.ts';
