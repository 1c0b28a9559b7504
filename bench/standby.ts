/**
 * How long a group of three acknowledges nothing when its primary is lost for ever, by how ready the third server was kept, on
 * virtual time. `--record FILE` keeps what the table of docs/choosing.md is made from.
 */

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  measureStandby,
  type RecordedStandbys,
  standbySeeds,
  standbysTable,
} from '../src/proof/failover/standby-costs.ts';

const { values } = parseArgs({ options: { record: { type: 'string' } } });
const measured: RecordedStandbys = { hot: [], warm: [], cold: [] };
for (const seed of standbySeeds) {
  measured.hot.push(await measureStandby('hot', seed));
  measured.warm.push(await measureStandby('warm', seed));
  measured.cold.push(await measureStandby('cold', seed));
}
console.log(standbysTable(measured));
if (values.record !== undefined) writeFileSync(values.record, `${JSON.stringify(measured, null, 2)}\n`);
