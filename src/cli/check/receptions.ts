/** How charts take what is sent to them, as the threads of checks tell it, and of several checks together. */

import * as v from 'valibot';
import { mergeReceptions, type Receptions, renderHole } from '../../checker.ts';

const listOf = <const Entries extends v.ObjectEntries>(entries: Entries) =>
  v.pipe(v.array(v.object(entries)), v.readonly());
const flow = { from: v.string(), type: v.string(), to: v.string() };
const state = v.string();
const count = v.number();

/** The form in which a thread tells them: a run to each hole is in words. */
export const receptions = v.object({
  receptions: listOf({
    ...flow,
    state,
    fates: v.object({ taken: count, ignored: count, absent: count, unspecified: count }),
  }),
  holes: listOf({ ...flow, state, run: v.string() }),
  undelivered: listOf(flow),
  transitions: listOf({
    actor: v.string(),
    id: v.string(),
    source: v.string(),
    targets: v.pipe(v.array(v.string()), v.readonly()),
    event: v.string(),
    guard: v.exactOptional(v.string()),
    rule: v.exactOptional(v.string()),
    isIgnoring: v.boolean(),
    isTaken: v.boolean(),
  }),
});
/** How charts took what was sent to them, as data for scripts. */
export type ToldReceptions = v.InferOutput<typeof receptions>;

/** Puts the runs into words. */
export const toldReceptions = ({ holes, ...others }: Receptions): ToldReceptions => ({
  ...others,
  holes: holes.map((hole) => {
    const { from, type, to, state: at } = hole;
    return { from, type, to, state: at, run: renderHole(hole) };
  }),
});

/** What several checks tell together. */
export const togetherOf = (results: readonly { readonly receptions: ToldReceptions }[]): ToldReceptions =>
  mergeReceptions(results.map((it) => it.receptions));

/** A run to each hole. */
export const holesText = ({ holes }: ToldReceptions): readonly string[] => holes.map(({ run }) => `${run}\n`);
