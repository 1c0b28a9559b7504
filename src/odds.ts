/**
 * How probable it is: closed forms, Markov decision processes of one's own, and models of the checker with weights. Experimental: names and
 * shapes may change between minor versions.
 */

export {
  atLeast,
  atLeastAcross,
  availability,
  type Failover,
  type FailureTimes,
  failoverAvailability,
  failsWithin,
  inParallel,
  inSeries,
  kOfN,
  meanTimeToLoss,
  type Zone,
} from './odds/closed/availability.ts';
export * from './odds/closed/intervals.ts';
export * from './odds/errors.ts';
export { type PlayedRun, type PlayOptions, play } from './odds/play.ts';
export * from './odds/process.ts';
export type { Lasting, LastingConditions } from './odds/timed/lasting.ts';
export type { TimedView } from './odds/timed/state.ts';
export {
  type AtMostBeyond,
  type TimedReward,
  type WeighedModel,
  type WeighOptions,
  weigh,
} from './odds/timed/weigh.ts';
export type { CrashWeights, DrawnAt, Reaction, ScheduledCrash, Ticks, Weights } from './odds/timed/weights.ts';
