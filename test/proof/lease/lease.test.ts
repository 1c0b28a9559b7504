import { describe, expect, test } from 'vitest';
import { runJob } from '../../../src/cli/check/jobs.ts';
import { foundIn } from '../../../src/cli/check/twins.ts';
import { everyFault } from '../../../src/cli/simulate/faults.ts';
import { runSuiteOf } from '../../../src/cli/simulate/suite.ts';
import { findTwin } from '../../../src/cli/simulate/twins.ts';
import { boundsTable, protocolsTable, twinsTable } from '../../../src/proof/tables.ts';
import { addressOf } from '../../../statecharts/actor.ts';
import { defineGrantor } from './grantor.ts';
import { lease } from './protocol.ts';

const silent = () => {};

describe('a protocol that follows the steps of CONTRIBUTING', () => {
  test('has its transitions tested without a runtime', () => {
    const grantor = defineGrantor();
    const from = addressOf('h1', 'lease.holder');
    const free = grantor.at('free', { epoch: 4, holder: 'somebody' });
    const { effects, timers } = grantor.step(free, { type: 'ask', from, atMs: 0 });
    expect(effects).toEqual([
      { type: 'persist', record: { type: 'granted', epoch: 5, holder: from } },
      { type: 'send', to: from, message: { type: 'grant', epoch: 5 } },
    ]);
    expect(timers.map(({ timer, armed }) => [timer.delay, armed])).toEqual([['leaseTime', true]]);
  });

  test.each(lease.systems.map(({ bounds }) => [lease.systemName(bounds), bounds] as const))(
    'is proven in every run of a system of %s',
    (_name, bounds) => {
      const { report } = runJob({ protocol: 'lease', bounds }, silent, [lease]);
      expect([report.verdict, report.complete]).toEqual(['ok', true]);
    },
  );

  test('keeps its claims in simulated runs under every fault, and reaches its goals', async () => {
    for (const suite of lease.suites) {
      const request = { seed: 1, faults: everyFault, checkDeterminism: true, ...suite };
      const { failed, missed, divergedSeed } = await runSuiteOf(lease.scenario(), request, silent);
      expect(failed?.violation).toBeUndefined();
      expect([missed, divergedSeed]).toEqual([[], undefined]);
    }
  });

  test('has each of its broken twins found, or named with the means that finds it', async () => {
    for (const twin of lease.twins) {
      const job = { protocol: 'lease', bounds: {}, broken: twin.name, maxStates: lease.statesToFind };
      expect(foundIn(twin, runJob(job, silent, [lease])).verdict).toBe('found');
      const { verdict, foundBy } = await findTwin(lease, twin);
      if (twin.simulator !== undefined) expect(verdict).toBe('found');
      else
        expect([verdict, foundBy]).toEqual(['out-of-reach', expect.stringMatching(/^quorate check lease --broken '/)]);
    }
  });

  test('gets its tables in the docs, and options of its own, from its descriptor', () => {
    expect(protocolsTable([lease])).toContain('`lease`');
    expect(boundsTable(lease)).toContain('`--holders <number>`');
    expect(twinsTable(lease)).toContain('a lease is not written down');
    expect(lease.commandLine({ holders: 3, losses: 'unlimited' })).toBe('--holders 3 --losses unlimited');
  });

  test('is told from what its bounds do not allow', () => {
    expect(() => lease.check({ holders: 9 })).toThrow(/'holders'.*9/);
    expect(() => lease.check({}, {}, 'no such twin')).toThrow(/no twin/);
  });
});
