import { test } from 'vitest';
import { protocols } from '../../src/proof/protocols.ts';
import { expectPaired } from './runs.ts';

/** All actors of a transaction are on one node in these, so that nothing is sent over the network. */
const onOneNode = ['2pc', '2pc-last'];

test.each(protocols.map(({ name }) => name).filter((name) => !onOneNode.includes(name)))(
  'the feed of %s pairs each message with the steps at both ends',
  expectPaired,
);
