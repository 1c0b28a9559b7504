/** Metrics that are read when they are asked for, and cost nothing until then. */

import { Counter, Gauge, type Registry } from 'prom-client';

/** Gives the values under one label, by the label's; what it leaves out is told no more. */
export type ReadByLabel = () => Iterable<readonly [value: string, read: number]>;

/** Adds a gauge of a single value. */
export function addGauge(registers: Registry[], name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      this.set(read());
    },
  });
}

/** What gauges and counters have in common. */
interface Labelled {
  reset(): void;
  inc(labels: Readonly<Record<string, string>>, value: number): void;
}

interface LabelledOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
  collect(this: Labelled): void;
}

const adding =
  (Metric: new (options: LabelledOptions) => unknown) =>
  (registers: Registry[], name: string, help: string, label: string, read: ReadByLabel): void => {
    new Metric({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset();
        for (const [of, value] of read()) this.inc({ [label]: of }, value);
      },
    });
  };

/** Adds a gauge of a value for each of a label. */
export const addGauges = adding(Gauge);

/** Adds a counter for each of a label, of what is counted elsewhere. */
export const addCounters = adding(Counter);
