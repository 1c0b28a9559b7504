/**
 * The order of test files: those that take longest first, so that the workers end together. Vitest knows how long files
 * took only where it ran before, and takes the longest text for the slowest test elsewhere.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const slowest = [
  'resources/managed/postgres.long.test.ts',
  'services/transactions/kill.long.test.ts',
  'packaging/pack.long.test.ts',
  'cli/up.test.ts',
  'services/members.long.test.ts',
  'cli/node.test.ts',
  'cli/member.long.test.ts',
  'services/transactions/server-kill.long.test.ts',
  'proof/twins.long.test.ts',
  'proof/raft/simulation.long.test.ts',
  'proof/paxos/simulation.long.test.ts',
  'services/kv-node.test.ts',
  'journal/damage.test.ts',
  'statecharts/two-phase-commit/schedules.long.test.ts',
  'cli/txn-register.test.ts',
].map((file) => join(import.meta.dirname, file));

const placeOf = ({ moduleId }: TestSpecification): number => {
  const place = slowest.indexOf(moduleId);
  return place === -1 ? slowest.length : place;
};

export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = slowest.filter((file) => !existsSync(file));
    if (gone.length > 0) throw new Error(`expected files of tests, got none of ${gone.join()}; correct the list`);
    return (await super.sort(files)).sort((a, b) => placeOf(a) - placeOf(b));
  }
}
