import { expect, test } from 'vitest';
import { readItems, readRecording } from '../../src/dashboard/model/read-items.ts';
import { head, recordingOf, Teller, twoElections } from './feeds.ts';

const items = [head, ...twoElections(), ...new Teller().fault('f', 'cut', ['n1', 'n2']).items];

test('every item is read as it was told', () => {
  expect(readItems(JSON.parse(JSON.stringify(items)))).toEqual({ items, refused: 0 });
  expect(readItems(head)).toEqual({ items: [head], refused: 0 });
});

test('what is no item is counted, and the others are read', () => {
  const foreign = [
    null,
    'up',
    { type: 'unheard-of', node: 'n1', atMs: 1 },
    { type: 'up', node: 'n1' },
    { ...head, nodes: 3 },
  ];
  expect(readItems([...foreign, head])).toEqual({ items: [head], refused: foreign.length });
});

test('what no page could show is no item: a time that no date tells, and what is nested without end', () => {
  const nested: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  const actor = {
    type: 'actor',
    node: 'n1',
    atMs: 1,
    actor: 'n1/raft.server/kv',
    chart: 'raft.server',
    value: 'follower',
  };
  const sent = { type: 'sent', node: 'n1', atMs: 1, from: actor.actor, to: 'n2/raft.server/kv', id: '1' };
  const foreign = [
    { type: 'up', node: 'n1', atMs: 1e300 },
    { type: 'up', node: 'n1', atMs: -1e300 },
    { ...actor, context: nested },
    { ...actor, context: {}, value: { a: nested } },
    { ...sent, message: { type: 'm', a: nested } },
  ];
  expect(readItems([...foreign, { ...actor, context: { a: [{ b: 1 }] } }])).toMatchObject({
    items: [{ type: 'actor' }],
    refused: foreign.length,
  });
});

test('a recording is read whole, and one of another version not at all', () => {
  const recording: unknown = JSON.parse(JSON.stringify(recordingOf(items)));
  expect(readRecording(recording)).toEqual({ items, refused: 0 });
  expect(readRecording({ ...recordingOf([]), version: 2 })).toBeUndefined();
  expect(readRecording([])).toBeUndefined();
});
