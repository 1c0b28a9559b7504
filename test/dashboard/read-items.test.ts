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

test('a recording is read whole, and one of another version not at all', () => {
  const recording: unknown = JSON.parse(JSON.stringify(recordingOf(items)));
  expect(readRecording(recording)).toEqual({ items, refused: 0 });
  expect(readRecording({ ...recordingOf([]), version: 2 })).toBeUndefined();
  expect(readRecording([])).toBeUndefined();
});
