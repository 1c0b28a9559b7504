/** Spans as tests read them: kept in memory, by the exporter that OpenTelemetry offers for that. */

import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

/** When the clocks of tests began, in milliseconds of the epoch. */
export const originMs = 1_700_000_000_000;

export interface SeenSpan {
  readonly name: string;
  readonly trace: string;
  readonly id: string;
  readonly parent: string | undefined;
  /** By the clock of the test. */
  readonly fromMs: number;
  readonly untilMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly string[];
  readonly error: string | undefined;
}

export function createRecorder() {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const spans = (): readonly SeenSpan[] =>
    exporter.getFinishedSpans().map((span) => ({
      name: span.name,
      trace: span.spanContext().traceId,
      id: span.spanContext().spanId,
      parent: span.parentSpanContext?.spanId,
      fromMs: msOf(span.startTime),
      untilMs: msOf(span.endTime),
      attributes: span.attributes,
      events: span.events.map(({ name }) => name),
      error: span.status.message,
    }));
  return {
    tracer: provider.getTracer('quorate'),
    spans,
    named: (name: string) => spans().filter((span) => span.name === name),
  };
}

const msOf = ([seconds, nanoseconds]: readonly [number, number]): number =>
  Math.round(((seconds - originMs / 1_000) * 1_000 + nanoseconds / 1e6) * 1_000) / 1_000;
