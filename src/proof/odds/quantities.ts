/** What is told of a protocol, and in which form each of the three ways tells it. */

/** One quantity. */
export interface Quantity {
  /** What it is called in tables. */
  readonly title: string;
  readonly unit: 'probability' | 'ms' | 'messages' | 'flushes' | 'ms per year';
}

/** How long a participant, or a client, counts as blocked, in milliseconds. */
export const blockedMs = 1_000;

/** All of them, in the order of tables. */
export const quantities = {
  prepare: { title: 'P(prepare)', unit: 'probability' },
  /** Counted over the runs that are prepared, in each way; never a quotient of the two others. */
  commitIfPrepared: { title: 'P(commit | prepare)', unit: 'probability' },
  commit: { title: 'P(commit)', unit: 'probability' },
  blocked: { title: 'P(blocked for longer than 1 s)', unit: 'probability' },
  latencyMs: { title: 'expected latency', unit: 'ms' },
  messages: { title: 'expected messages', unit: 'messages' },
  flushes: { title: 'expected flushes', unit: 'flushes' },
  downtimeMsPerYear: { title: 'downtime', unit: 'ms per year' },
} as const satisfies Readonly<Record<string, Quantity>>;

export type QuantityName = keyof typeof quantities;

export const quantityNames: readonly QuantityName[] = [
  'prepare',
  'commitIfPrepared',
  'commit',
  'blocked',
  'latencyMs',
  'messages',
  'flushes',
  'downtimeMsPerYear',
];

/** Those that all three ways must give. */
export const threefold: readonly QuantityName[] = ['prepare', 'commitIfPrepared', 'commit', 'messages'];

/** Why a way does not give a quantity, as a clause. */
export interface NotGiven {
  readonly type: 'not-given';
  readonly reason: string;
  /** It could be given, but for a limit of what is explored or played. */
  readonly isLimit?: true;
}

/** What a formula says. */
export interface FormulaValue {
  readonly type: 'value';
  readonly value: number;
  /** What the formula takes for granted and is not so here, as a clause: then it is not held against the model. */
  readonly unmetAssumption?: string;
}

/** What the model says: the truth lies between both, whatever order things happen in. */
export interface ModelBounds {
  readonly type: 'bounds';
  readonly lower: number;
  readonly upper: number;
}

/** What so many runs say: the truth lies between both in 99.9 % of all such samples. */
export interface SampleInterval {
  readonly type: 'sample';
  /** The share, or the mean. */
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  /** Those over which it was counted. */
  readonly runs: number;
  /** Of a probability: in how many it happened. */
  readonly count?: number;
}

/** What the ways say of each quantity. */
export type FormulaAnswers = Readonly<Record<QuantityName, FormulaValue | NotGiven>>;
export type ModelAnswers = Readonly<Record<QuantityName, ModelBounds | NotGiven>>;
export type SampleAnswers = Readonly<Record<QuantityName, SampleInterval | NotGiven>>;

export const formulaOf = (value: number): FormulaValue => ({ type: 'value', value });
export const notGiven = (reason: string): NotGiven => ({ type: 'not-given', reason });
