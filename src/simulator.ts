/** The simulator: whole clusters on virtual time, from one seed; and the virtual clock by itself, for tests. */

export type { EventLimits } from './simulator/event-limits.ts';
export type { Violation } from './simulator/findings.ts';
export { allFaults, planRun } from './simulator/plan.ts';
export { type RunOptions, type RunResult, run, runAsync, runSteps } from './simulator/run.ts';
export * from './simulator/scenario.ts';
export * from './simulator/schedule.ts';
export * from './simulator/shrink.ts';
export { AwaitingScenarioError, type Steps } from './simulator/steps.ts';
export * from './simulator/suite.ts';
export { renderTrace } from './simulator/trace.ts';
export { createVirtualClock, type VirtualClock } from './simulator/virtual-clock.ts';
