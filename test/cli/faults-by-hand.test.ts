import { expect, test } from 'vitest';
import { faultsByHand } from '../../src/cli/up/faults-by-hand.ts';

/** Faults of two nodes, and all that came of them, in order. */
function byHand() {
  const log: string[] = [];
  const node = (id: string) => ({
    id,
    hold: () => log.push(`${id} hold`),
    release: () => log.push(`${id} release`),
    pause: (isPaused: boolean) => log.push(`${id} ${isPaused ? 'pause' : 'go on'}`),
    tell: (instruction: object) => log.push(`${id} ${JSON.stringify(instruction)}`),
  });
  const faults = faultsByHand({
    nodes: ['n1', 'n2', 'n3'].map(node),
    onNews: ({ text, isActive }) => log.push(`${isActive ? 'begins' : 'ends'}: ${text}`),
    onStanding: ({ node: id, type }) => log.push(`${id} ${type}`),
  });
  return { log, faults, take: () => log.splice(0) };
}

test('a process is killed until it is started again, and its other faults end with it', () => {
  const { faults, take } = byHand();
  faults.order({ fault: 'slow-disk', node: 'n1', delayMs: 50 });
  take();
  expect(faults.order({ fault: 'kill', node: 'n1' })).toBeUndefined();
  expect(take()).toEqual(['n1 hold', 'ends: each write at n1 takes 50 ms longer', 'begins: n1 is killed']);
  faults.order({ fault: 'restart', node: 'n1' });
  expect(take()).toEqual(['n1 release', 'ends: n1 is killed']);
  expect(faults.active).toEqual([]);
});

test('a process is paused until it goes on', () => {
  const { faults, take } = byHand();
  faults.order({ fault: 'pause', node: 'n2' });
  faults.order({ fault: 'resume', node: 'n2' });
  expect(take()).toEqual([
    'n2 pause',
    'begins: n2 is paused',
    'n2 paused',
    'n2 go on',
    'ends: n2 is paused',
    'n2 resumed',
  ]);
});

test('a link has one fault at a time, in one direction, and a split cuts every link between its groups', () => {
  const { faults, take } = byHand();
  faults.order({ fault: 'cut', from: 'n1', to: 'n2' });
  faults.order({ fault: 'delay', from: 'n1', to: 'n2', delayMs: 100 });
  expect(take()).toEqual([
    'n1 {"type":"link","peer":"n2","lossProbability":1,"delayMs":0}',
    'begins: n1 cannot reach n2',
    'n1 {"type":"link","peer":"n2","lossProbability":0,"delayMs":100}',
    'ends: n1 cannot reach n2',
    'begins: n1 reaches n2 100 ms later',
  ]);
  faults.order({ fault: 'split', groups: [['n1'], ['n2', 'n3']] });
  expect(take().filter((line) => line.startsWith('begins'))).toEqual([
    'begins: n1 cannot reach n2',
    'begins: n1 cannot reach n3',
    'begins: n2 cannot reach n1',
    'begins: n3 cannot reach n1',
  ]);
});

test('healing ends the faults of links and disks at every node, and leaves processes as they are', () => {
  const { faults, take } = byHand();
  faults.order({ fault: 'kill', node: 'n3' });
  faults.order({ fault: 'lose', from: 'n1', to: 'n2', probability: 0.3 });
  faults.order({ fault: 'full-disk', node: 'n2' });
  take();
  faults.order({ fault: 'heal' });
  expect(take()).toEqual([
    'n1 {"type":"heal"}',
    'n2 {"type":"heal"}',
    'n3 {"type":"heal"}',
    'ends: of what n1 says to n2, 30 % is lost',
    'ends: the disk of n2 is full',
  ]);
  expect(faults.active.map(({ text }) => text)).toEqual(['n3 is killed']);
});

test('the faults of a process that begins again are over', () => {
  const { faults, take } = byHand();
  faults.order({ fault: 'cut', from: 'n1', to: 'n2' });
  take();
  faults.begun('n2');
  expect(take()).toEqual([]);
  faults.begun('n1');
  expect(take()).toEqual(['ends: n1 cannot reach n2']);
});

test('an order of an unknown node, or of a node with itself, is told and carried out nowhere', () => {
  const { faults, take } = byHand();
  expect(faults.order({ fault: 'kill', node: 'n9' })).toContain('got n9');
  expect(faults.order({ fault: 'cut', from: 'n1', to: 'n1' })).toContain('two nodes');
  expect(faults.order({ fault: 'split', groups: [['n1'], ['n8']] })).toContain('got n8');
  expect(
    faults.order({
      fault: 'split',
      groups: [
        ['n1', 'n2'],
        ['n2', 'n3'],
      ],
    }),
  ).toContain('got n2 in two');
  expect(take()).toEqual([]);
});
