/**
 * The history checker: judges whether what clients saw can have come from an object that serves one call at a time.
 * Record a history (`createHistoryRecorder`), or read one (`readHistory`), check it (`checkHistory`), and show what came
 * of it (`renderReport`, `renderPicture`). Nothing here needs Node.
 */

export * from './history/check.ts';
export type { UndecidedReason } from './history/consistency/finding.ts';
export * from './history/consistency/judge.ts';
export {
  type ConsistencyModel,
  type ConsistencyName,
  consistencyModels,
  consistencyNames,
  impliedBy,
} from './history/consistency/models.ts';
export type { ViolatingPart } from './history/consistency/part.ts';
export { renderConsistency, renderStrongest } from './history/consistency/report.ts';
export * from './history/consistency/separations.ts';
export type { EffortLimits, SpentLimit } from './history/effort.ts';
export * from './history/errors.ts';
export type { FaultEvent, HistoryEvent, OperationEvent } from './history/event.ts';
export type { Dependency, DependencyKind } from './history/isolation/graph.ts';
export * from './history/isolation/judge.ts';
export {
  type AnomalyName,
  type IsolationLevel,
  type IsolationName,
  isolationLevels,
  isolationNames,
} from './history/isolation/levels.ts';
export * from './history/isolation/reader.ts';
export { anomalyInBrief, renderIsolation, renderStrongestIsolation } from './history/isolation/report.ts';
export * from './history/isolation/transaction.ts';
export type { TransactionKey } from './history/isolation/versions.ts';
export { keyValueWithLoss, type LossOptions } from './history/loss.ts';
export * from './history/model.ts';
export * from './history/models.ts';
export * from './history/operation.ts';
export type { PictureLimits } from './history/picture/layout.ts';
export { renderPicture } from './history/picture/svg.ts';
export { keyValueWithRanges } from './history/ranges.ts';
export * from './history/reader.ts';
export * from './history/recorder.ts';
export { renderReport } from './history/report.ts';
export type { SearchFindings } from './history/search/search.ts';
