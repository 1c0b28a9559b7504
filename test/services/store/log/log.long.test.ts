/** Every log keeps the promises of logs; and one that breaks them is found out. */

import { describe, expect, test } from 'vitest';
import type { LogEvent, LogStarter } from '../../../../src/services/store/log/replicated-log.ts';
import { isFoundOut, testLog } from './conformance.ts';
import { paxosLab, primaryBackupAsyncLab, primaryBackupLab, primaryBackupQuorumLab, raftLab } from './host-lab.ts';
import { memoryLab } from './memory-lab.ts';

testLog('in memory', memoryLab);
testLog('kept by Raft', raftLab);
testLog('kept by Multi-Paxos', paxosLab);
testLog('kept by primary-backup, synchronously', primaryBackupLab);
testLog('kept by primary-backup, by a quorum', primaryBackupQuorumLab);
testLog('kept by primary-backup, asynchronously, but for what may be lost', primaryBackupAsyncLab);

/** A log whose events are spoilt on their way; `undefined` swallows one. */
const spoilt =
  (spoil: (event: LogEvent) => LogEvent | undefined) =>
  (starter: LogStarter): LogStarter =>
  (place) => {
    const log = starter(place);
    return Object.assign(Object.create(log), {
      listen: (listener: Parameters<typeof log.listen>[0]) =>
        log.listen({
          ...listener,
          event(event) {
            const told = spoil(event);
            if (told !== undefined) listener.event(told);
          },
        }),
    });
  };

test('a log that is handed on as it is keeps its word', async () => {
  expect(
    await isFoundOut(
      memoryLab,
      spoilt((event) => event),
    ),
  ).toBe(false);
});

describe('a log is found out that', () => {
  test.each<[string, (event: LogEvent) => LogEvent | undefined]>([
    [
      'leaves out an entry',
      (event) => (event.type === 'committed' ? { ...event, entries: [...event.entries].slice(1) } : event),
    ],
    ['reads from the past', (event) => (event.type === 'readable' ? { ...event, index: 0 } : event)],
    ['names all entries alike', (event) => (event.type === 'placed' ? { ...event, token: 'mine' } : event)],
    ['tells a wrong place', (event) => (event.type === 'placed' ? { ...event, index: event.index + 1 } : event)],
    [
      'refuses what it has placed',
      (event) => (event.type === 'placed' ? { type: 'refused', id: event.id, reason: 'overloaded' } : event),
    ],
    [
      'restores another state',
      (event) => (event.type === 'snapshotInstalled' ? { ...event, index: event.index + 1 } : event),
    ],
    ['says nothing of hand-overs', (event) => (event.type === 'handedOver' ? undefined : event)],
    ['hands over to itself', (event) => (event.type === 'handedOver' ? { ...event, leader: 'n1' } : event)],
    ['says nothing of snapshots', (event) => (event.type === 'snapshotInstalled' ? undefined : event)],
  ])('%s', async (_name, spoil) => {
    expect(await isFoundOut(memoryLab, spoilt(spoil))).toBe(true);
  });
});
