/**
 * How long a store makes no progress when its leader crashes, and when single links fail, over each protocol, on virtual time: the same seeds, the same
 * clients and the same cuts for all. `--record FILE` keeps what the tables of docs/paxos.md are made from.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { provenLogs } from '../src/proof/logs.ts';
import { crashesTable, outagesTable, type RecordedOutages, recordOf, shapeName } from '../src/proof/store/outages.ts';
import { crashes, measureOutage, type Outage, shapes } from '../src/proof/store/partial-partitions.ts';

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '30' }, record: { type: 'string' } } });
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => index + 1);

const recorded: RecordedOutages = {};
for (const shape of [...crashes, ...shapes]) {
  for (const { title, electionTimeoutMs, scenario } of Object.values(provenLogs)) {
    const measured: Outage[] = seeds.map((seed) => measureOutage(scenario(), shape, seed));
    recorded[title] = {
      electionTimeoutMs,
      shapes: { ...recorded[title]?.shapes, [shapeName(shape)]: recordOf(measured) },
    };
    console.error(`${shapeName(shape)}: ${title}`);
  }
}
console.log(`${crashesTable(recorded)}\n\n${outagesTable(recorded)}`);
if (values.record !== undefined) writeFileSync(values.record, `${JSON.stringify(recorded)}\n`);
