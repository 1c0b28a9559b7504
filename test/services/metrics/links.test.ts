import { Subject } from 'rxjs';
import { describe, expect, test } from 'vitest';
import type { Loss, PeerStatus } from '../../../src/bus/bus.ts';
import { ConnectionError } from '../../../src/bus/errors.ts';
import { others } from '../../../src/services/metrics/labels.ts';
import { countLinks } from '../../../src/services/metrics/links.ts';

function createLinks(present: string[]) {
  const statuses = new Subject<PeerStatus>();
  const losses = new Subject<Loss>();
  const notices = new Subject<{ error: ConnectionError; node?: string; count: number }>();
  const links = countLinks({ peers: statuses, losses, notices }, () => present);
  const refuse = (count: number, node?: string): void =>
    notices.next({ error: new ConnectionError('refused'), count, ...(node === undefined ? {} : { node }) });
  return { links, statuses, losses, refuse, present, of: (node: string) => links.counts().get(node) };
}

describe('the counts of links', () => {
  test('tell how often a peer was connected with, and whether it is now', () => {
    const { statuses, of } = createLinks(['n2']);
    expect(of('n2')).toMatchObject({ isConnected: false, connections: 0 });
    for (const status of ['connected', 'disconnected', 'connected'] as const) statuses.next({ node: 'n2', status });
    expect(of('n2')).toMatchObject({ isConnected: true, connections: 2 });
    statuses.next({ node: 'n2', status: 'refused' });
    expect(of('n2')).toMatchObject({ isConnected: false, connections: 2 });
  });

  test('add up what was lost, by the reason, and what was refused', () => {
    const { losses, refuse, of } = createLinks(['n2', 'n3']);
    losses.next({ node: 'n2', reason: 'dropped', count: 3 });
    losses.next({ node: 'n2', reason: 'dropped', count: 4 });
    losses.next({ node: 'n2', reason: 'absent', count: 2 });
    refuse(5, 'n2');
    refuse(1, 'n2');
    expect(of('n2')).toMatchObject({ refused: 6, lost: { dropped: 7, absent: 2, disconnected: 0 } });
    expect(of('n3')).toMatchObject({ refused: 0, lost: { dropped: 0, absent: 0, disconnected: 0 } });
  });

  test('are as many as there are peers, whatever strangers call themselves', () => {
    const { links, statuses, losses, refuse, of } = createLinks(['n2']);
    for (let number = 0; number < 1_000; number += 1) {
      statuses.next({ node: `client-${number}`, status: 'connected' });
      losses.next({ node: `client-${number}`, reason: 'disconnected', count: 1 });
      refuse(1, `stranger-${number}`);
      refuse(1);
    }
    expect([...links.counts().keys()].sort()).toEqual([others, 'n2']);
    expect(of(others)).toMatchObject({ connections: 1_000, refused: 2_000, lost: { disconnected: 1_000 } });
  });

  test('forget a node that is a peer no more', () => {
    const { links, losses, present, of } = createLinks(['n2', 'n3']);
    losses.next({ node: 'n3', reason: 'dropped', count: 1 });
    present.splice(0, 2, 'n2', 'n4');
    expect([...links.counts().keys()].sort()).toEqual([others, 'n2', 'n4']);
    present.push('n3');
    expect(of('n3')).toMatchObject({ lost: { dropped: 0 } });
  });

  test('hear nothing more once they are closed', () => {
    const { links, losses, statuses, of } = createLinks(['n2']);
    links.close();
    losses.next({ node: 'n2', reason: 'dropped', count: 1 });
    statuses.next({ node: 'n2', status: 'connected' });
    expect(of('n2')).toMatchObject({ connections: 0, lost: { dropped: 0 } });
  });
});
