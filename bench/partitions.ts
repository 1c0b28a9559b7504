/**
 * How long a store makes no progress when its leader crashes, and when single links fail, over each protocol, on virtual time:
 * the same seeds, the same clients and the same cuts for all. `--record FILE` keeps what the tables of docs/paxos.md are made
 * from; with `--protocol NAME` one is measured, and those of the others stay as they were recorded.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { logProtocolIn } from '../src/cli/options.ts';
import { provenLogs } from '../src/proof/logs.ts';
import {
  crashesTable,
  outagesSchema,
  outagesTable,
  type RecordedOutages,
  recordOf,
  shapeName,
} from '../src/proof/store/outages.ts';
import { crashes, measureOutage, type Outage, shapes } from '../src/proof/store/partial-partitions.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '30' },
    record: { type: 'string' },
    protocol: { type: 'string' },
  },
});
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1);

const measured =
  values.protocol === undefined ? Object.values(provenLogs) : [provenLogs[logProtocolIn(values.protocol)]];
const recorded: RecordedOutages =
  values.protocol === undefined || values.record === undefined
    ? {}
    : outagesSchema(JSON.parse(readFileSync(values.record, 'utf8')));
for (const shape of [...crashes, ...shapes]) {
  for (const { title, electionTimeoutMs, scenario } of measured) {
    const outages: Outage[] = seeds.map((seed) => measureOutage(scenario(), shape, seed));
    recorded[title] = {
      electionTimeoutMs,
      shapes: { ...recorded[title]?.shapes, [shapeName(shape)]: recordOf(outages) },
    };
    console.error(`${shapeName(shape)}: ${title}`);
  }
}
console.log(`${crashesTable(recorded)}\n\n${outagesTable(recorded)}`);
if (values.record !== undefined) writeFileSync(values.record, `${JSON.stringify(recorded)}\n`);
