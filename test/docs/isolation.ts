/** What transactions over one and over two databases were found to give: tables of what was recorded. */

import * as v from 'valibot';
import { isolationNames } from '../../src/history.ts';
import { table } from '../../src/proof/tables.ts';

const foundSchema = v.array(
  v.strictObject({
    isolation: v.string(),
    databases: v.picklist([1, 2]),
    strongest: v.picklist([...isolationNames, 'none']),
    anomaly: v.nullable(v.string()),
    met: v.record(v.string(), v.string()),
  }),
);
type Found = v.InferOutput<typeof foundSchema>;

/** Reads what was recorded. @throws ValiError */
export const recordedIsolation = (value: unknown): Found => v.parse(foundSchema, value);

/** What was found, by the name of the server. */
export type FoundByServer = Readonly<Record<string, Found>>;

const words: Readonly<Record<number, string>> = { 1: 'one', 2: 'two' };

/** A table with a row for each thing found, which begin with the server. */
const rowsTable = (
  head: readonly string[],
  byServer: FoundByServer,
  rowsOf: (found: Found) => readonly (readonly string[])[],
): string =>
  table(
    ['server', ...head],
    Object.entries(byServer).flatMap(([server, found]) => rowsOf(found).map((row) => [server, ...row])),
  );

/** What was found of each, with the shortest anomaly that keeps it from more. */
export const isolationTable = (byServer: FoundByServer): string =>
  rowsTable(['isolation of each branch', 'databases', 'the whole is', 'what keeps it from more'], byServer, (found) =>
    found.map(({ isolation, databases, strongest, anomaly }) => [
      isolation,
      words[databases] ?? '',
      strongest,
      anomaly === null ? 'nothing was found' : `\`${anomaly}\``,
    ]),
  );

/** Which anomaly each meeting on purpose brought about. */
export const meetingsTable = (byServer: FoundByServer): string => {
  const [first = []] = Object.values(byServer);
  return rowsTable(['isolation of each branch', 'databases', ...Object.keys(first[0]?.met ?? {})], byServer, (found) =>
    found.map(({ isolation, databases, met }) => [isolation, words[databases] ?? '', ...Object.values(met)]),
  );
};

/** What was found, in a line for each isolation. */
export const isolationInBrief = (byServer: FoundByServer): string =>
  rowsTable(['isolation of each branch', 'over one database', 'over two'], byServer, (found) => {
    const over = (isolation: string, databases: number): string =>
      found.find((it) => it.isolation === isolation && it.databases === databases)?.strongest ?? '';
    return [...new Set(found.map(({ isolation }) => isolation))].map((it) => [it, over(it, 1), over(it, 2)]);
  });
