/** What the Stately Inspector is shown of failure detection: each role with its chart, and its messages in both directions. */

import { expect, test } from 'vitest';
import { answerDetectors, watch } from '../../src/services/failover.ts';
import { createCluster } from '../services/agreement/cluster.ts';
import { shownOf } from './shown.ts';

const ids = ['n1', 'n2', 'n3'];

test('a detector, its peers and what answers them are shown, with what they say and hear', () => {
  const { clock, cut, node } = createCluster(1, ids);
  const { chartOf, messages: said } = shownOf(ids.map(node));
  answerDetectors(node('n3'));
  for (const id of ['n1', 'n2']) {
    watch(node(id), { targets: ['n3'], detectors: ['n1', 'n2'], estimator: { kind: 'fixed', timeoutMs: 300 }, clock });
  }
  clock.advance(1_000);
  cut('n1', 'n3');
  clock.advance(1_000);
  const [first, second, beat] = ['n1/fault-detector/n3', 'n2/fault-detector/n3', 'n3/heartbeat/'] as const;
  expect([first, second, beat].map(chartOf)).toEqual(['fault-detector', 'fault-detector', 'heartbeat']);
  expect(said(first, beat)).toEqual(['ping']);
  expect(said(beat, first)).toEqual(['ack']);
  expect(said(first, second)).toEqual(['ping-req']);
  expect(said(second, first).sort()).toEqual(['indirect-ack', 'relayed']);
  cut('n2', 'n3');
  clock.advance(2_000);
  expect(said(first, second)).toEqual(expect.arrayContaining(['suspicion', 'opinion']));
  expect(said(second, first)).toEqual(expect.arrayContaining(['suspicion', 'opinion']));
});
