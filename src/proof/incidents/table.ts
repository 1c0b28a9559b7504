/** The record of replayed incidents, and its table in the documents. */

import * as v from 'valibot';
import { table } from '../tables.ts';
import type { Incident } from './incident.ts';
import type { Replay } from './replay.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const replay = v.object({
  name: v.string(),
  seed: count,
  ok: v.boolean(),
  acknowledged: count,
  refused: count,
  unknown: count,
  /** `null`: none was acknowledged. */
  nextWriteMs: v.nullable(v.number()),
  afterwardsMs: v.nullable(v.number()),
  /** What is wrong where the rule is left out; left out where charts have no such form. */
  without: v.optional(v.string()),
});
const record = v.object({ incidents: v.array(replay) });

/** A replay as `quorate incident --json` tells it. */
export type ReplayReport = v.InferOutput<typeof replay>;

/** Reads what `quorate incident all --json` wrote. @throws ValiError */
export const recordedReplays = (value: unknown): readonly ReplayReport[] => v.parse(record, value).incidents;

/** A replay as data, in whole milliseconds. @param without the replay without what keeps it harmless, if there is one */
export function reportOf({ name }: Incident, played: Replay, without?: Replay): ReplayReport {
  const rounded = (ms: number | undefined): number | null => (ms === undefined ? null : Math.round(ms));
  const { seed, problem, acknowledged, refused, unknown, nextWriteMs, afterwardsMs } = played;
  return {
    name,
    seed,
    ok: problem === undefined,
    acknowledged,
    refused,
    unknown,
    nextWriteMs: rounded(nextWriteMs),
    afterwardsMs: rounded(afterwardsMs),
    ...(without === undefined ? {} : { without: without.problem ?? 'nothing is wrong' }),
  };
}

const found = (incidents: readonly Incident[], recorded: readonly ReplayReport[]) =>
  incidents.map((incident) => {
    const report = recorded.find(({ name }) => name === incident.name);
    if (report === undefined) {
      throw new Error(`no replay of '${incident.name}' is recorded: npm run docs:incidents`);
    }
    return { incident, report };
  });

/** What happened, where it is told, and what keeps it harmless here. */
export const incidentsTable = (incidents: readonly Incident[]): string =>
  table(
    ['incident', 'told in', 'what happened there', 'what is replayed here', 'what keeps it harmless'],
    incidents.map(({ name, source: { title, by, year, url }, happened, replayed, because }) => [
      `\`${name}\``,
      `[${title}](${url}), ${by}, ${year}`,
      happened,
      replayed,
      because,
    ]),
  );

/** What came of the replays. A lost write is a violation of what scenarios claim: then there is no table. */
export const replaysTable = (incidents: readonly Incident[], recorded: readonly ReplayReport[]): string =>
  table(
    [
      'incident',
      'again (ends with 0)',
      'next write after the fault, ms',
      'after its end, ms',
      'acknowledged',
      'refused',
      'unknown',
    ],
    found(incidents, recorded).map(({ report }) => {
      if (!report.ok) throw new Error(`the replay of '${report.name}' went wrong when it was recorded`);
      return [
        `\`${report.name}\``,
        `\`npx quorate incident ${report.name} --seed ${report.seed}\``,
        String(report.nextWriteMs ?? 'none'),
        String(report.afterwardsMs ?? 'none'),
        String(report.acknowledged),
        String(report.refused),
        String(report.unknown),
      ];
    }),
    2,
  );

/** What comes of the same faults without what keeps them harmless. */
export const withoutTable = (incidents: readonly Incident[], recorded: readonly ReplayReport[]): string =>
  table(
    ['incident', 'left out', 'what the same seed shows then'],
    found(incidents, recorded).flatMap(({ incident, report }) =>
      incident.without === undefined || report.without === undefined
        ? []
        : [[`\`${incident.name}\``, incident.without.rule, report.without]],
    ),
  );
