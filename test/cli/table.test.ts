/** What `quorate up` shows of nodes that do not all run, and when. */

import pc from 'picocolors';
import { expect, test } from 'vitest';
import { description } from '../../src/cli/up/description.ts';
import type { Standing } from '../../src/cli/up/supervisor.ts';
import { createTable } from '../../src/cli/up/table.ts';

function labOf(...first: Standing[]) {
  const shown: string[] = [];
  let standings = first;
  let hasLeader = false;
  const table = createTable({
    hasLeader: () => hasLeader,
    standings: () => standings,
    show: () => shown.push(standings.join(' ')),
  });
  return {
    table,
    shown,
    become(leads: boolean, ...next: Standing[]) {
      hasLeader = leads;
      standings = next;
      table.changed();
    },
  };
}

test('the table waits for all nodes and a leader, and is shown once', () => {
  const { become, shown } = labOf('starting', 'starting', 'starting');
  become(true, 'ready', 'ready', 'starting');
  expect(shown).toEqual([]);
  become(true, 'ready', 'ready', 'ready');
  become(false, 'ready', 'waiting', 'ready');
  become(true, 'ready', 'ready', 'ready');
  expect(shown).toEqual(['ready ready ready']);
});

test('a table that was shown while a node was starting is shown again when all run', () => {
  const { become, shown, table } = labOf('ready', 'ready', 'starting');
  become(true, 'ready', 'ready', 'starting');
  table.insist();
  become(true, 'ready', 'ready', 'ready');
  table.insist();
  expect(shown).toEqual(['ready ready starting', 'ready ready ready']);
});

test('a table that was shown while a node was starting is shown again when that one cannot be kept alive', () => {
  const { become, shown, table } = labOf('ready', 'ready', 'starting');
  become(true, 'ready', 'ready', 'starting');
  table.insist();
  become(true, 'ready', 'ready', 'given-up');
  become(true, 'ready', 'ready', 'given-up');
  expect(shown).toEqual(['ready ready starting', 'ready ready given-up']);
});

test('a node that is starting is not said not to run', () => {
  const colours = pc.createColors(false);
  const text = description({
    options: { nodes: 4, data: './data', port: 4_701, cluster: 'quorate' },
    replication: { protocol: 'raft' },
    members: (['starting', 'waiting', 'given-up', 'ready'] as const).map((standing, at) => ({
      id: `n${at + 1}`,
      standing,
      httpPort: 4_701 + at,
      tcpPort: 4_801 + at,
      directory: `./data/n${at + 1}`,
    })),
    ready: new Map(
      ['n2', 'n4'].map((id) => [
        id,
        {
          type: 'ready',
          id,
          pid: 77,
          httpUrl: 'http://127.0.0.1:4704',
          tcp: '127.0.0.1:4804',
          dataDirectory: '',
          isNew: true,
        },
      ]),
    ),
    leader: 'n4',
    isNew: true,
    terminal: { out() {}, err() {}, outColours: colours, errColours: colours },
  });
  expect(text).toMatch(/n1 +is starting/);
  expect(text).toMatch(/n2 +has died, and is started again soon/);
  expect(text).toMatch(/n3 +does not run/);
  expect(text).toMatch(/n4 +http:\/\/127\.0\.0\.1:4704 .* 77 +leads/);
});
