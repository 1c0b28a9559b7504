/** The spans that are open: one for each work that an actor does for a trace, with its parts. How many is bounded. */

import {
  type Attributes,
  type Context,
  type HrTime,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { isInShare, originSpanIdOf, traceIdOf } from './ids.ts';

/** Parts and events of one work, each. */
const partsPerWork = 64;

/** Of one attribute that is text, in characters. */
const attributeLength = 128;

export interface WorksOptions {
  readonly tracer: Tracer;
  /** When the clock by which times are given began, in milliseconds of the epoch. */
  readonly originMs: number;
  /** Of all traces, 0 to 1. */
  readonly share: number;
  readonly maxOpen: number;
  readonly maxAgeMs: number;
}

/** What one actor does for one trace. */
export interface Work {
  readonly id: string;
  readonly span: Span;
  readonly within: Context;
  readonly sinceMs: number;
  readonly parts: Map<string, Span>;
  /** Parts and events so far. */
  told: number;
  isOpen: boolean;
}

/** How a span ends. */
export interface Ending {
  readonly attributes?: Attributes;
  /** Why it did not go well, if so. */
  readonly error?: string;
}

export class Works {
  /** Began too late to be told: so many were open. */
  skipped = 0;
  /** Ended without having been seen to the end. */
  unfinished = 0;
  readonly #options: WorksOptions;
  /** Oldest first. */
  readonly #open = new Map<string, Work>();

  constructor(options: WorksOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#open.size;
  }

  of(id: string): Work | undefined {
    return this.#open.get(id);
  }

  /** Begins a work, none of whose id is open, for the trace of `subject`; undefined where that is not of the share, or too much is open. */
  begin(id: string, subject: string, name: string, atMs: number, attributes: Attributes): Work | undefined {
    const { tracer, share, maxOpen } = this.#options;
    const traceId = traceIdOf(subject);
    if (!isInShare(traceId, share)) return undefined;
    this.#expire(atMs);
    if (this.#open.size >= maxOpen) {
      this.skipped += 1;
      return undefined;
    }
    const spanId = originSpanIdOf(subject);
    const origin = trace.setSpanContext(ROOT_CONTEXT, {
      traceId,
      spanId,
      traceFlags: TraceFlags.SAMPLED,
      isRemote: true,
    });
    const span = tracer.startSpan(name, { startTime: this.#time(atMs), attributes: bounded(attributes) }, origin);
    const within = trace.setSpan(origin, span);
    const work: Work = { id, span, within, sinceMs: atMs, parts: new Map(), told: 0, isOpen: true };
    this.#open.set(id, work);
    return work;
  }

  /** Begins a part, unless one of that id is open. */
  part(work: Work, id: string, name: string, atMs: number, attributes: Attributes = {}): void {
    if (!work.isOpen || work.parts.has(id) || work.told >= partsPerWork) return;
    work.told += 1;
    const how = { startTime: this.#time(atMs), attributes: bounded(attributes) };
    work.parts.set(id, this.#options.tracer.startSpan(name, how, work.within));
  }

  endPart(work: Work, id: string, atMs: number, how: Ending = {}): void {
    const span = work.parts.get(id);
    if (span === undefined) return;
    work.parts.delete(id);
    this.#end(span, atMs, how);
  }

  /** Notes something that takes no time. */
  note(work: Work, name: string, atMs: number, attributes: Attributes = {}): void {
    if (!work.isOpen || work.told >= partsPerWork) return;
    work.told += 1;
    work.span.addEvent(name, attributes, this.#time(atMs));
  }

  /** Ends a work; parts that are open end with it, as not waited for. */
  end(work: Work, atMs: number, how: Ending = {}): void {
    if (!work.isOpen) return;
    work.isOpen = false;
    this.#open.delete(work.id);
    for (const id of [...work.parts.keys()]) {
      this.endPart(work, id, atMs, { attributes: { 'quorate.awaited': false } });
    }
    this.#end(work.span, atMs, how);
  }

  /** Ends a work of which nothing more will be seen. */
  giveUp(work: Work, atMs: number, error: string): void {
    if (!work.isOpen) return;
    this.unfinished += 1;
    this.end(work, atMs, { error, attributes: { 'quorate.unfinished': true } });
  }

  /** Gives up all that is open. */
  close(atMs: number): void {
    for (const work of [...this.#open.values()]) this.giveUp(work, atMs, 'it was not followed to the end');
  }

  #expire(atMs: number): void {
    const { maxAgeMs } = this.#options;
    for (const work of this.#open.values()) {
      if (atMs - work.sinceMs < maxAgeMs) return;
      this.giveUp(work, atMs, `it was not over after ${maxAgeMs} ms`);
    }
  }

  #end(span: Span, atMs: number, { attributes, error }: Ending): void {
    if (attributes !== undefined) span.setAttributes(attributes);
    if (error !== undefined) {
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.slice(0, attributeLength) });
    }
    span.end(this.#time(atMs));
  }

  #time(atMs: number): HrTime {
    const epochMs = this.#options.originMs + atMs;
    const seconds = Math.floor(epochMs / 1_000);
    return [seconds, Math.floor((epochMs - seconds * 1_000) * 1e6)];
  }
}

function bounded(attributes: Attributes): Attributes {
  const cut = ([name, value]: [string, Attributes[string]]) =>
    [name, typeof value === 'string' ? value.slice(0, attributeLength) : value] as const;
  return Object.fromEntries(Object.entries(attributes).map(cut));
}
