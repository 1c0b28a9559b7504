/**
 * Judges by the history checker what the clients of a run saw. Amounts move one way alone, so that account `a` never holds twice
 * the same: its balance says which transfers came before, and both accounts are one register, which each transfer changes from what
 * it found to what it left. What was found carried out in the end says that of transfers too whose outcome their clients do not know.
 */

import * as v from 'valibot';
import {
  type ConsistencyName,
  type ConsistencyVerdict,
  casRegister,
  createHistoryRecorder,
  type History,
  judgeConsistency,
  readHistory,
} from '../history.ts';
import { opening } from './contract.ts';
import { balancesSchema } from './ledger.ts';
import type { Seen } from './witness.ts';

/** What came of one run, by each consistency model. */
export type Judgement = Readonly<Record<ConsistencyName, ConsistencyVerdict>>;

/** More than a history needs that is linearizable; where one is not, weaker models may be left undecided. */
const stepLimit = 200_000;

const model = casRegister({ initial: opening.a });
const total = opening.a + opening.b;
/** Verdicts depend on steps alone. */
const still = { nowMs: () => 0, setTimeout: () => 0, clearTimeout: () => {}, enqueue: () => {} };

/** By which models the operations of a run make sense: of clients each of which does one thing after the other, at one machine. */
export function judge(seen: readonly Seen[], carriedOut: readonly string[] | undefined): Judgement {
  const { history, lacks } = registerHistory(seen, carriedOut);
  const verdictOf = (name: ConsistencyName): ConsistencyVerdict => {
    const { verdict } = judgeConsistency(history, model, name, { clock: still, stepLimit, withPart: false });
    // What is missing may be what a violation lacks; what was acknowledged may be what a history has lost.
    if (lacks === 'what was acknowledged') return 'undecided';
    return verdict === 'violation' && lacks === 'what may have happened' ? 'undecided' : verdict;
  };
  return byConsistency(verdictOf);
}

/** One value for each consistency model. */
export const byConsistency = <Value>(
  valueBy: (name: ConsistencyName) => Value,
): Readonly<Record<ConsistencyName, Value>> => ({
  linearizable: valueBy('linearizable'),
  sequential: valueBy('sequential'),
  causal: valueBy('causal'),
  pram: valueBy('pram'),
  'writes-follow-reads': valueBy('writes-follow-reads'),
  'monotonic-writes': valueBy('monotonic-writes'),
  'monotonic-reads': valueBy('monotonic-reads'),
  'read-your-writes': valueBy('read-your-writes'),
  eventual: valueBy('eventual'),
});

interface Call {
  readonly node: string;
  readonly begunMs: number;
  readonly endedMs: number | undefined;
  readonly invocation: { readonly f: string; readonly value?: unknown };
  /** What it returned; undefined where the client does not know whether it happened. */
  readonly answer: { readonly value?: unknown } | undefined;
}

interface RegisterHistory {
  readonly history: History;
  /** What is missing, as it is not known what it found and left. */
  readonly lacks: 'nothing' | 'what may have happened' | 'what was acknowledged';
}

/** The history of the register, without what certainly did not happen. */
export function registerHistory(seen: readonly Seen[], carriedOut: readonly string[] | undefined): RegisterHistory {
  const left = leftBy(seen, carriedOut ?? []);
  let lacks: RegisterHistory['lacks'] = 'nothing';
  const calls = seen.flatMap((it): Call[] => {
    const { node, transfer, begunMs, endedMs, end } = it;
    const isOk = end?.type === 'ok';
    const known = isOk ? registerIn(end.value) : undefined;
    if (transfer === undefined) {
      return isOk ? [{ node, begunMs, endedMs, invocation: { f: 'read' }, answer: { value: known } }] : [];
    }
    // What was refused is not in it even where it was carried out: who reads of it reads what never happened.
    if (end?.type === 'failed') return [];
    const after = known ?? left.get(transfer.id);
    if (after === undefined) {
      if (isOk) lacks = 'what was acknowledged';
      else if (carriedOut === undefined && lacks === 'nothing') lacks = 'what may have happened';
      return [];
    }
    const before = typeof after === 'number' ? after + transfer.amount : after;
    const invocation = { f: 'cas', value: [before, after] };
    return [{ node, begunMs, endedMs, invocation, answer: isOk ? {} : undefined }];
  });
  return { history: recorded(calls), lacks };
}

/** What the transfers that were carried out left of account `a`, by their names. */
function leftBy(seen: readonly Seen[], carriedOut: readonly string[]): ReadonlyMap<string, number> {
  const amounts = new Map(
    seen.flatMap(({ transfer }) => (transfer === undefined ? [] : [[transfer.id, transfer.amount]])),
  );
  let { a } = opening;
  return new Map(
    carriedOut.map((id) => {
      a -= amounts.get(id) ?? 0;
      return [id, a];
    }),
  );
}

/** Both balances as the value of the register; what does not add up is a value that no transfer leaves. */
function registerIn(value: unknown): number | string | undefined {
  const parsed = v.safeParse(balancesSchema, value);
  if (!parsed.success) return undefined;
  const { a, b } = parsed.output;
  return a + b === total ? a : `${a} and ${b}`;
}

function recorded(calls: readonly Call[]): History {
  const time = { nowMs: 0 };
  const recorder = createHistoryRecorder({ clock: { ...still, nowMs: () => time.nowMs } });
  const clientOf = createClients();
  const moments = calls.flatMap((it) => {
    const { begunMs, endedMs, invocation, answer } = it;
    const process = clientOf(it);
    let call: ReturnType<typeof recorder.invoke> | undefined;
    const begin = (): void => {
      call = recorder.invoke(process, invocation);
    };
    const finish = (): void => {
      if (answer === undefined) call?.info();
      else call?.ok(answer.value);
    };
    return [{ atMs: begunMs, record: begin }, ...(endedMs === undefined ? [] : [{ atMs: endedMs, record: finish }])];
  });
  for (const { atMs, record } of moments.sort((one, other) => one.atMs - other.atMs)) {
    time.nowMs = atMs;
    record();
  }
  return readHistory(recorder.lines(), model);
}

/** Says whose each call is, in the order in which they begin: of the first client at its machine that has nothing under way. */
function createClients(): (call: Call) => string {
  const freeFromMs = new Map<string, number[]>();
  return ({ node, begunMs, endedMs, answer }) => {
    const clients = freeFromMs.get(node) ?? [];
    freeFromMs.set(node, clients);
    const free = clients.findIndex((fromMs) => fromMs < begunMs);
    const at = free < 0 ? clients.length : free;
    // A client that does not know what became of its call is heard of no more.
    clients[at] = answer === undefined ? Number.POSITIVE_INFINITY : (endedMs ?? Number.POSITIVE_INFINITY);
    return `${node}/${at + 1}`;
  };
}
