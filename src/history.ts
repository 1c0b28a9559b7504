/**
 * The history checker: judges whether what clients saw can have come from an object that serves one call at a time.
 * Record a history (`createHistoryRecorder`), or read one (`readHistory`), check it (`checkHistory`), and show what came
 * of it (`renderReport`, `renderPicture`). Nothing here needs Node.
 */

export * from './history/check.ts';
export * from './history/errors.ts';
export type { FaultEvent, HistoryEvent, OperationEvent } from './history/event.ts';
export * from './history/model.ts';
export * from './history/models.ts';
export * from './history/operation.ts';
export type { PictureLimits } from './history/picture/layout.ts';
export { renderPicture } from './history/picture/svg.ts';
export * from './history/reader.ts';
export * from './history/recorder.ts';
export * from './history/report.ts';
export type { SearchFindings } from './history/search/search.ts';
