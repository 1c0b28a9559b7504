import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { replayIncident } from '../../src/proof/incidents/replay.ts';
import { recordedReplays } from '../../src/proof/incidents/table.ts';
import { incidents } from '../../src/proof/incidents.ts';

const harmful = incidents.flatMap((incident) => {
  const { without } = incident;
  return without === undefined ? [] : [{ incident, without }];
});

describe('a public post-mortem, replayed', { timeout: 600_000 }, () => {
  test.each(incidents)('$name does no harm here', async (incident) => {
    const played = await replayIncident(incident);
    expect(played.problem).toBeUndefined();
    expect(played.acknowledged).toBeGreaterThan(0);
  });

  test.each(harmful)('$incident.name does harm where $without.rule', async ({ incident, without }) => {
    const { problem } = await replayIncident({ ...incident, scenario: without.scenario });
    expect(problem).toMatch(/lacks .* acknowledged|after a later one had acknowledged|made twice/);
  });

  test('is the same run for the same seed, to the last byte, and another one for another', async () => {
    const [incident] = incidents.filter(({ name }) => name === 'short-partition');
    if (incident === undefined) throw new Error('there is no such incident');
    const first = await replayIncident(incident, 7);
    expect(await replayIncident(incident, 7)).toEqual(first);
    expect((await replayIncident(incident, 8)).digest).not.toBe(first.digest);
  });

  test('is told to be harmful when writes take longer than they may', async () => {
    const [incident] = incidents.filter(({ name }) => name === 'wrong-server');
    if (incident === undefined) throw new Error('there is no such incident');
    expect((await replayIncident({ ...incident, goesOnWithinMs: 1 })).problem).toMatch(/expected a write within 1 ms/);
    expect((await replayIncident({ ...incident, mustHappen: ['the sun rose'] })).problem).toMatch(/the sun rose/);
  });
});

test('every incident cites where it is told, and is recorded', () => {
  const recorded = recordedReplays(JSON.parse(readFileSync(join(import.meta.dirname, 'incidents.json'), 'utf8')));
  expect(recorded.map(({ name }) => name)).toEqual(incidents.map(({ name }) => name));
  for (const { source } of incidents) {
    expect(source.url).toMatch(/^https:\/\//);
    expect(source.year).toBeGreaterThan(2_000);
    expect(source.title.length).toBeGreaterThan(10);
  }
});
