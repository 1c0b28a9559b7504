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

/** Adds a gauge of a value for each of a label. */
export function addGauges(registers: Registry[], name: string, help: string, label: string, read: ReadByLabel): void {
  new Gauge({
    name,
    help,
    labelNames: [label],
    registers,
    collect() {
      this.reset();
      for (const [of, value] of read()) this.set({ [label]: of }, value);
    },
  });
}

/** Adds a counter for each of a label, of what is counted elsewhere. */
export function addCounters(registers: Registry[], name: string, help: string, label: string, read: ReadByLabel): void {
  new Counter({
    name,
    help,
    labelNames: [label],
    registers,
    collect() {
      this.reset();
      for (const [of, value] of read()) this.inc({ [label]: of }, value);
    },
  });
}
