/** Fault detection, as a protocol that is simulated, checked and broken. */

import { defineProtocol } from '../protocol.ts';
import { assertPossible, detectorBounds } from './bounds.ts';
import { detectorTwins } from './broken.ts';
import { detectorSystems } from './configurations.ts';
import { type BrokenDetector, detectorModel } from './model.ts';
import { detectorScenario } from './scenario.ts';

/** The detectors of a node, which confirm its death together. */
export const detector = defineProtocol({
  name: 'detector',
  about: 'fault detectors that suspect alone and confirm by a quorum',
  bounds: detectorBounds,
  assertPossible,
  model: (given, broken?: BrokenDetector) => detectorModel({ ...given, ...(broken && { broken }) }),
  scenario: detectorScenario,
  systems: detectorSystems,
  suites: [
    { runs: 500, nodes: 4, budgetSeconds: 60 },
    { seed: 100_000, runs: 300, nodes: 5, budgetSeconds: 60 },
  ],
  statesToFind: 50_000,
  runsToFind: { runs: 60, nodes: 4 },
  twins: detectorTwins,
  examples: [{}, { dead: true, silences: 'unlimited', pings: 0 }],
});
