/** A comparison as data: what `--json` tells, and how programs read it. */

import * as v from 'valibot';
import { isolationNames } from '../history.ts';
import { branchIsolations } from '../resources/mode.ts';
import { byConsistency } from './consistency.ts';
import type { Expressed, OperationKind } from './contract.ts';
import { type FaultName, faultNames, type times } from './faults.ts';
import type { CalmFigures, FaultFigures, Latency } from './figures.ts';
import { byIsolation, type IsolationFigures } from './isolation/figures.ts';

/** What one kind of fault did to a method, or why it cannot befall it. */
export type FaultCell =
  | ({ readonly fault: FaultName; readonly command: string } & FaultFigures)
  | { readonly fault: FaultName; readonly notApplicable: string };

export interface MethodFigures {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly operations: Readonly<Record<OperationKind, Expressed>>;
  readonly calm: { readonly command: string } & CalmFigures;
  /** Of transactions of several statements, judged. */
  readonly isolation:
    | { readonly command: string; readonly asked: readonly IsolationFigures[] }
    | { readonly notApplicable: string };
  /** Of all transfers of clients elsewhere once a fault had begun, of whatever kind. */
  readonly latencyWithFaultsMs: Latency;
  readonly faults: readonly FaultCell[];
}

/** A method that could not be compared, and why. */
export interface MethodLeftOut {
  readonly name: string;
  readonly title: string;
  readonly notApplicable: string;
}

/** Where a live comparison ran. */
export interface LiveEnvironment {
  /** That figures are not a function of the seed. */
  readonly statement: string;
  /** The version of Node. */
  readonly node: string;
  /** The operating system and the architecture. */
  readonly platform: string;
  readonly processors: number;
}

/** A comparison, as `--json` tells it. */
export interface Comparison {
  readonly format: 'quorate-comparison/1';
  readonly command: string;
  readonly seed: number;
  readonly runs: number;
  /** On virtual time, or as processes of a machine. */
  readonly on: 'simulator' | 'processes';
  /** Of processes alone, as are the next two. */
  readonly live?: true;
  readonly environment?: LiveEnvironment;
  readonly notApplicable?: readonly MethodLeftOut[];
  /** Milliseconds, of virtual time on the simulator. */
  readonly times: Readonly<Record<keyof typeof times | 'patienceMs', number>>;
  readonly operations: Readonly<Record<OperationKind, string>>;
  readonly faults: Readonly<Record<string, string>>;
  readonly methods: readonly MethodFigures[];
}

const none = v.object({ notApplicable: v.pipe(v.string(), v.minLength(1)) });
const number = v.pipe(v.number(), v.finite(), v.minValue(0));
const figure = v.union([number, none]);
const latencyMs = v.strictObject({ samples: number, p50: figure, p99: figure, p999: figure });
const verdicts = v.strictObject({ satisfied: number, violation: number, undecided: number });
const spread = v.strictObject({ median: number, worst: number });
const common = {
  command: v.string(),
  runs: number,
  latencyMs,
  ends: v.strictObject({ asked: number, succeeded: number, failed: number, unknown: number }),
  consistency: v.strictObject(byConsistency(() => verdicts)),
  integrity: v.strictObject({ acknowledged: number, lost: number, unreadable: number, repeated: number }),
};
const expressed = v.union([v.strictObject({ how: v.string() }), none]);
const fault = v.picklist(faultNames);
const operations = <Value extends v.GenericSchema>(value: Value) =>
  v.strictObject({ transfer: value, read: value, 'transfer-across': value, retry: value });

const schema: v.GenericSchema<unknown, Comparison> = v.strictObject({
  format: v.literal('quorate-comparison/1'),
  command: v.string(),
  seed: number,
  runs: number,
  on: v.picklist(['simulator', 'processes']),
  live: v.exactOptional(v.literal(true)),
  environment: v.exactOptional(
    v.strictObject({ statement: v.string(), node: v.string(), platform: v.string(), processors: number }),
  ),
  notApplicable: v.exactOptional(v.array(v.strictObject({ name: v.string(), title: v.string(), ...none.entries }))),
  times: v.strictObject({
    idleFromMs: number,
    workFromMs: number,
    earliestFaultMs: number,
    faultSpreadMs: number,
    faultOffsetMs: number,
    faultLengthMs: number,
    workUntilMs: number,
    faultyMs: number,
    givenUpAfterMs: number,
    patienceMs: number,
  }),
  operations: operations(v.string()),
  faults: v.record(v.string(), v.string()),
  methods: v.array(
    v.strictObject({
      name: v.string(),
      title: v.string(),
      about: v.string(),
      operations: operations(expressed),
      calm: v.strictObject({
        ...common,
        messagesPerCommit: figure,
        flushesPerCommit: figure,
        idleMessagesPerSecond: figure,
        throughputPerSecond: figure,
      }),
      isolation: v.union([
        v.strictObject({
          command: v.string(),
          asked: v.array(
            v.strictObject({
              isolation: v.picklist(branchIsolations),
              databases: v.picklist([1, 2]),
              runs: number,
              committed: number,
              levels: v.strictObject(byIsolation(() => verdicts)),
              strongest: v.nullable(v.picklist(isolationNames)),
              anomaly: v.nullable(v.string()),
            }),
          ),
        }),
        none,
      ]),
      latencyWithFaultsMs: latencyMs,
      faults: v.array(
        v.union([
          v.strictObject({
            fault,
            ...common,
            recoveryMs: v.union([v.strictObject({ median: figure, worst: figure }), none]),
            recovered: number,
            unavailableMs: spread,
            blocked: figure,
          }),
          v.strictObject({ fault, ...none.entries }),
        ]),
      ),
    }),
  ),
});

/** Reads what `quorate compare --json` has told. @throws ValiError that says where it is something else */
export const readComparison = (value: unknown): Comparison => v.parse(schema, value);
